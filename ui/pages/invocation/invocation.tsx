export const InvocationPage = () => <h1>InvocationPage</h1>;
