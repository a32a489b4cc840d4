export const Services = () => <h1>Services</h1>;
