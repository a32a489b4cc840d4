export const Sql = () => <h1>Sql</h1>;
