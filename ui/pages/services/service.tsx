export const ServicePage = () => <h1>ServicePage</h1>;
