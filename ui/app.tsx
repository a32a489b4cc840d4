/** The pages and their addresses. */
import { ErrorBoundary, LocationProvider, Route, Router } from "preact-iso";
import { Empty } from "./parts/empty.tsx";
import { BASE, to } from "./routes.ts";
import { Deployments } from "./pages/deployments/deployments.tsx";
import { Events } from "./pages/events/events.tsx";
import { SubscriptionPage } from "./pages/events/subscription.tsx";
import { InvocationPage } from "./pages/invocation/invocation.tsx";
import { Invocations } from "./pages/invocations/invocations.tsx";
import { ObjectPage } from "./pages/objects/object.tsx";
import { Objects } from "./pages/objects/objects.tsx";
import { Overview } from "./pages/overview/overview.tsx";
import { Playground } from "./pages/playground/playground.tsx";
import { ServicePage } from "./pages/services/service.tsx";
import { Services } from "./pages/services/services.tsx";
import { Sql } from "./pages/sql/sql.tsx";
import { Timers } from "./pages/timers/timers.tsx";
import { Shell } from "./shell/shell.tsx";

const NotFound = () => (
  <Empty title="There is no such page">
    <p>
      <a href={to.overview()}>The overview</a> has links to all there is.
    </p>
  </Empty>
);

export const App = () => (
  <LocationProvider scope={BASE}>
    <ErrorBoundary>
      <Shell>
        <Router>
          <Route path={`${BASE}/`} component={Overview} />
          <Route path={`${BASE}/invocations`} component={Invocations} />
          <Route path={`${BASE}/invocations/:id`} component={InvocationPage} />
          <Route path={`${BASE}/objects`} component={Objects} />
          <Route path={`${BASE}/object`} component={ObjectPage} />
          <Route path={`${BASE}/services`} component={Services} />
          <Route path={`${BASE}/services/:name`} component={ServicePage} />
          <Route path={`${BASE}/playground`} component={Playground} />
          <Route path={`${BASE}/deployments`} component={Deployments} />
          <Route path={`${BASE}/deployments/:id`} component={Deployments} />
          <Route path={`${BASE}/events`} component={Events} />
          <Route path={`${BASE}/events/:id`} component={SubscriptionPage} />
          <Route path={`${BASE}/timers`} component={Timers} />
          <Route path={`${BASE}/sql`} component={Sql} />
          <Route default component={NotFound} />
        </Router>
      </Shell>
    </ErrorBoundary>
  </LocationProvider>
);
