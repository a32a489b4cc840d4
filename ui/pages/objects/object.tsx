export const ObjectPage = () => <h1>ObjectPage</h1>;
