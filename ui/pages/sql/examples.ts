/** Queries that are useful, each with a word on what it reads. */
export interface Example {
  readonly title: string;
  readonly sql: string;
  /** In AWS; on one's own machine a read costs nothing. */
  readonly cost: string;
}

export const EXAMPLES: readonly Example[] = [
  {
    title: "What is stuck, and why",
    sql: `SELECT id, target, status, retry_count, last_failure
  FROM sys_invocation
  WHERE status IN ('paused', 'backing-off')
  ORDER BY created_at LIMIT 100`,
    cost: "the list of open ones",
  },
  {
    title: "The same error, how often",
    sql: `SELECT last_failure, count(*) AS n, min(created_at) AS first
  FROM sys_invocation
  WHERE status != 'completed' AND last_failure IS NOT NULL
  GROUP BY last_failure ORDER BY n DESC LIMIT 20`,
    cost: "the list of open ones",
  },
  {
    title: "Who waits longest for a key",
    sql: `SELECT service_name, service_key, owner_id, owner_status, waiting_id, waiting_since
  FROM perdure_locks
  WHERE waiting_id IS NOT NULL
  ORDER BY waiting_since LIMIT 20`,
    cost: "the open ones, and a lock for each key",
  },
  {
    title: "What is due next",
    sql: `SELECT due_at, kind, target, id
  FROM perdure_timers
  ORDER BY due_at LIMIT 50`,
    cost: "the list of open ones",
  },
  {
    title: "How many of each status",
    sql: `SELECT target_service_name, status, count(*) AS n
  FROM sys_invocation
  GROUP BY 1, 2 ORDER BY 1, n DESC`,
    cost: "every invocation that is kept",
  },
  {
    title: "The newest, with how they ended",
    sql: `SELECT created_at, target, status, completion_result, completion_failure, id
  FROM sys_invocation
  ORDER BY created_at DESC LIMIT 50`,
    cost: "about 50 reads",
  },
  {
    title: "What failed in the last hour",
    sql: `SELECT completed_at, target, completion_failure, id
  FROM sys_invocation
  WHERE status = 'completed' AND completion_result = 'failure'
    AND created_at > now() - INTERVAL '1 hour'
  ORDER BY completed_at DESC LIMIT 100`,
    cost: "the last hour of a list",
  },
  {
    title: "The steps of one invocation",
    sql: `SELECT position, kind, name, status, result_utf8, error_message
  FROM perdure_steps
  WHERE id = 'inv_…'
  ORDER BY position`,
    cost: "one journal",
  },
  {
    title: "Which deployment is still needed",
    sql: `SELECT deployment_id, service_name, status, invocations, oldest_at, is_registered
  FROM perdure_deployments_pinned
  ORDER BY oldest_at`,
    cost: "the list of open ones",
  },
];
