export const Objects = () => <h1>Objects</h1>;
