export const Deployments = () => <h1>Deployments</h1>;
