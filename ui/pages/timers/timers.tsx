export const Timers = () => <h1>Timers</h1>;
