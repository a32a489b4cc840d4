-- What the published CLI sends, recorded by test/restate-cli/record.ts. Each query under the command that sends it first.
-- {name}: the id of an invocation of workload.ts; {ids}: all of them; {deployment}: the deployment's id.

-- dp ls --extra
SELECT COUNT(1) AS inv_count
FROM sys_invocation_status
WHERE pinned_deployment_id = '{deployment}' AND status != 'completed'

-- dp describe {deployment} --extra
SELECT
target_service_name as service,
target_handler_name as handler,
COUNT(1) AS inv_count
FROM sys_invocation_status
WHERE pinned_deployment_id = '{deployment}' AND status != 'completed'
GROUP BY pinned_deployment_id, target_service_name, target_handler_name

-- svc status
SELECT
target_service_name,
target_handler_name,
'pending' as status,
COUNT(1) as num_invocations,
MIN(created_at) as oldest_at,
FIRST_VALUE(id ORDER BY created_at ASC) as oldest_invocation
FROM sys_invocation_status
WHERE status == 'inboxed' AND target_service_name IN ('Counter','Chain','Signup','Greeter')
GROUP BY target_service_name, target_handler_name

-- svc status
SELECT
target_service_name,
target_handler_name,
status,
COUNT(1) as num_invocations,
MIN(created_at) as oldest_at,
FIRST_VALUE(id ORDER BY created_at ASC) as oldest_invocation
FROM sys_invocation
WHERE target_service_name IN ('Counter','Chain','Signup','Greeter')
GROUP BY target_service_name, target_handler_name, status
ORDER BY target_handler_name

-- svc status
SELECT
service_name,
service_key,
COUNT(1) as num_pending
FROM sys_inbox
WHERE service_name IN ('Counter','Signup')
GROUP BY service_name, service_key
ORDER BY num_pending DESC

-- svc status
SELECT
target_service_name as service_name,
target_service_key as service_key,
status as invocation_status,
first_value(id) as invocation_holding_lock,
first_value(target_handler_name) as invocation_method_holding_lock,
first_value(created_at) as invocation_created_at,
first_value(modified_at) as modified_at,
first_value(pinned_deployment_id) as pinned_deployment_id,
first_value(last_attempt_deployment_id) as last_attempt_deployment_id,
first_value(last_failure) as last_failure_message,
first_value(next_retry_at) as next_retry_at,
first_value(last_start_at) as last_start_at,
0 as num_pending,
sum(retry_count) as num_retries
FROM sys_invocation
WHERE status != 'pending' AND target_service_name IN ('Counter','Signup')
GROUP BY target_service_name, target_service_key, status

-- svc status Counter
SELECT
target_service_name,
target_handler_name,
'pending' as status,
COUNT(1) as num_invocations,
MIN(created_at) as oldest_at,
FIRST_VALUE(id ORDER BY created_at ASC) as oldest_invocation
FROM sys_invocation_status
WHERE status == 'inboxed' AND target_service_name IN ('Counter')
GROUP BY target_service_name, target_handler_name

-- svc status Counter
SELECT
target_service_name,
target_handler_name,
status,
COUNT(1) as num_invocations,
MIN(created_at) as oldest_at,
FIRST_VALUE(id ORDER BY created_at ASC) as oldest_invocation
FROM sys_invocation
WHERE target_service_name IN ('Counter')
GROUP BY target_service_name, target_handler_name, status
ORDER BY target_handler_name

-- svc status Counter
SELECT
id
FROM sys_invocation inv
WHERE inv.target_service_name = 'Counter'
ORDER BY inv.created_at DESC, inv.id
LIMIT 5

-- svc status Counter
SELECT
inv.id,
inv.target,
inv.target_service_ty,
inv.idempotency_key,
inv.status,
inv.created_at,
inv.modified_at as state_modified_at,
inv.pinned_deployment_id,
inv.retry_count as num_retries,
inv.last_failure as last_failure_message,
inv.last_failure_related_entry_index as last_failure_entry_index,
inv.last_failure_related_entry_name as last_failure_entry_name,
inv.last_failure_related_entry_type as last_failure_entry_ty,
inv.last_attempt_deployment_id,
inv.last_attempt_server,
inv.next_retry_at,
inv.last_start_at,
inv.invoked_by_id,
inv.invoked_by_target,
inv.trace_id,
inv.completion_result,
inv.completion_failure,
dp.id IS NOT NULL as pinned_deployment_exists
FROM sys_invocation inv
LEFT JOIN sys_deployment dp ON dp.id = inv.pinned_deployment_id
WHERE inv.target_service_name = 'Counter' AND inv.id in ({ids})
ORDER BY inv.created_at DESC, inv.id

-- svc status Counter
SELECT
service_name,
service_key,
COUNT(1) as num_pending
FROM sys_inbox
WHERE service_name IN ('Counter')
GROUP BY service_name, service_key
ORDER BY num_pending DESC

-- svc status Counter
SELECT
target_service_name as service_name,
target_service_key as service_key,
status as invocation_status,
first_value(id) as invocation_holding_lock,
first_value(target_handler_name) as invocation_method_holding_lock,
first_value(created_at) as invocation_created_at,
first_value(modified_at) as modified_at,
first_value(pinned_deployment_id) as pinned_deployment_id,
first_value(last_attempt_deployment_id) as last_attempt_deployment_id,
first_value(last_failure) as last_failure_message,
first_value(next_retry_at) as next_retry_at,
first_value(last_start_at) as last_start_at,
0 as num_pending,
sum(retry_count) as num_retries
FROM sys_invocation
WHERE status != 'pending' AND target_service_name IN ('Counter')
GROUP BY target_service_name, target_service_key, status

-- inv ls
SELECT COUNT(1) FROM (SELECT
*
FROM sys_invocation inv
LIMIT 50000
)
WHERE status != 'completed'

-- inv ls
SELECT
id
FROM sys_invocation inv
WHERE status != 'completed'
ORDER BY inv.created_at DESC, inv.id
LIMIT 100

-- inv ls
SELECT
inv.id,
inv.target,
inv.target_service_ty,
inv.idempotency_key,
inv.status,
inv.created_at,
inv.modified_at as state_modified_at,
inv.pinned_deployment_id,
inv.retry_count as num_retries,
inv.last_failure as last_failure_message,
inv.last_failure_related_entry_index as last_failure_entry_index,
inv.last_failure_related_entry_name as last_failure_entry_name,
inv.last_failure_related_entry_type as last_failure_entry_ty,
inv.last_attempt_deployment_id,
inv.last_attempt_server,
inv.next_retry_at,
inv.last_start_at,
inv.invoked_by_id,
inv.invoked_by_target,
inv.trace_id,
inv.completion_result,
inv.completion_failure,
dp.id IS NOT NULL as pinned_deployment_exists
FROM sys_invocation inv
LEFT JOIN sys_deployment dp ON dp.id = inv.pinned_deployment_id
WHERE status != 'completed' AND inv.id in ({ids})
ORDER BY inv.created_at DESC, inv.id

-- inv ls --all
SELECT COUNT(1) FROM (SELECT
*
FROM sys_invocation inv
LIMIT 50000
)

-- inv ls --all
SELECT
id
FROM sys_invocation inv
ORDER BY inv.created_at DESC, inv.id
LIMIT 100

-- inv ls --all
SELECT
inv.id,
inv.target,
inv.target_service_ty,
inv.idempotency_key,
inv.status,
inv.created_at,
inv.modified_at as state_modified_at,
inv.pinned_deployment_id,
inv.retry_count as num_retries,
inv.last_failure as last_failure_message,
inv.last_failure_related_entry_index as last_failure_entry_index,
inv.last_failure_related_entry_name as last_failure_entry_name,
inv.last_failure_related_entry_type as last_failure_entry_ty,
inv.last_attempt_deployment_id,
inv.last_attempt_server,
inv.next_retry_at,
inv.last_start_at,
inv.invoked_by_id,
inv.invoked_by_target,
inv.trace_id,
inv.completion_result,
inv.completion_failure,
dp.id IS NOT NULL as pinned_deployment_exists
FROM sys_invocation inv
LEFT JOIN sys_deployment dp ON dp.id = inv.pinned_deployment_id
WHERE inv.id in ({ids})
ORDER BY inv.created_at DESC, inv.id

-- inv ls --service Counter
SELECT COUNT(1) FROM (SELECT
*
FROM sys_invocation inv
LIMIT 50000
)
WHERE inv.target_service_name IN ('Counter') AND status != 'completed'

-- inv ls --service Counter
SELECT
id
FROM sys_invocation inv
WHERE inv.target_service_name IN ('Counter') AND status != 'completed'
ORDER BY inv.created_at DESC, inv.id
LIMIT 100

-- inv ls --service Counter
SELECT
inv.id,
inv.target,
inv.target_service_ty,
inv.idempotency_key,
inv.status,
inv.created_at,
inv.modified_at as state_modified_at,
inv.pinned_deployment_id,
inv.retry_count as num_retries,
inv.last_failure as last_failure_message,
inv.last_failure_related_entry_index as last_failure_entry_index,
inv.last_failure_related_entry_name as last_failure_entry_name,
inv.last_failure_related_entry_type as last_failure_entry_ty,
inv.last_attempt_deployment_id,
inv.last_attempt_server,
inv.next_retry_at,
inv.last_start_at,
inv.invoked_by_id,
inv.invoked_by_target,
inv.trace_id,
inv.completion_result,
inv.completion_failure,
dp.id IS NOT NULL as pinned_deployment_exists
FROM sys_invocation inv
LEFT JOIN sys_deployment dp ON dp.id = inv.pinned_deployment_id
WHERE inv.target_service_name IN ('Counter') AND status != 'completed' AND inv.id in ({ids})
ORDER BY inv.created_at DESC, inv.id

-- inv ls --key a
SELECT
id
FROM sys_invocation inv
WHERE inv.target_service_key IN ('a') AND status != 'completed'
ORDER BY inv.created_at DESC, inv.id
LIMIT 100

-- inv ls --key a
SELECT COUNT(1) FROM (SELECT
*
FROM sys_invocation inv
LIMIT 50000
)
WHERE inv.target_service_key IN ('a') AND status != 'completed'

-- inv ls --key a
SELECT
inv.id,
inv.target,
inv.target_service_ty,
inv.idempotency_key,
inv.status,
inv.created_at,
inv.modified_at as state_modified_at,
inv.pinned_deployment_id,
inv.retry_count as num_retries,
inv.last_failure as last_failure_message,
inv.last_failure_related_entry_index as last_failure_entry_index,
inv.last_failure_related_entry_name as last_failure_entry_name,
inv.last_failure_related_entry_type as last_failure_entry_ty,
inv.last_attempt_deployment_id,
inv.last_attempt_server,
inv.next_retry_at,
inv.last_start_at,
inv.invoked_by_id,
inv.invoked_by_target,
inv.trace_id,
inv.completion_result,
inv.completion_failure,
dp.id IS NOT NULL as pinned_deployment_exists
FROM sys_invocation inv
LEFT JOIN sys_deployment dp ON dp.id = inv.pinned_deployment_id
WHERE inv.target_service_key IN ('a') AND status != 'completed' AND inv.id in ({ids})
ORDER BY inv.created_at DESC, inv.id

-- inv ls --status pending
SELECT COUNT(1) FROM (SELECT
*
FROM sys_invocation inv
LIMIT 50000
)
WHERE status IN ('pending')

-- inv ls --status pending
SELECT
id
FROM sys_invocation inv
WHERE status IN ('pending')
ORDER BY inv.created_at DESC, inv.id
LIMIT 100

-- inv ls --status pending
SELECT
inv.id,
inv.target,
inv.target_service_ty,
inv.idempotency_key,
inv.status,
inv.created_at,
inv.modified_at as state_modified_at,
inv.pinned_deployment_id,
inv.retry_count as num_retries,
inv.last_failure as last_failure_message,
inv.last_failure_related_entry_index as last_failure_entry_index,
inv.last_failure_related_entry_name as last_failure_entry_name,
inv.last_failure_related_entry_type as last_failure_entry_ty,
inv.last_attempt_deployment_id,
inv.last_attempt_server,
inv.next_retry_at,
inv.last_start_at,
inv.invoked_by_id,
inv.invoked_by_target,
inv.trace_id,
inv.completion_result,
inv.completion_failure,
dp.id IS NOT NULL as pinned_deployment_exists
FROM sys_invocation inv
LEFT JOIN sys_deployment dp ON dp.id = inv.pinned_deployment_id
WHERE status IN ('pending') AND inv.id in ({ids})
ORDER BY inv.created_at DESC, inv.id

-- inv ls --status running --status paused
SELECT COUNT(1) FROM (SELECT
*
FROM sys_invocation inv
LIMIT 50000
)
WHERE status IN ('running','paused')

-- inv ls --status running --status paused
SELECT
id
FROM sys_invocation inv
WHERE status IN ('running','paused')
ORDER BY inv.created_at DESC, inv.id
LIMIT 100

-- inv ls --status running --status paused
SELECT
inv.id,
inv.target,
inv.target_service_ty,
inv.idempotency_key,
inv.status,
inv.created_at,
inv.modified_at as state_modified_at,
inv.pinned_deployment_id,
inv.retry_count as num_retries,
inv.last_failure as last_failure_message,
inv.last_failure_related_entry_index as last_failure_entry_index,
inv.last_failure_related_entry_name as last_failure_entry_name,
inv.last_failure_related_entry_type as last_failure_entry_ty,
inv.last_attempt_deployment_id,
inv.last_attempt_server,
inv.next_retry_at,
inv.last_start_at,
inv.invoked_by_id,
inv.invoked_by_target,
inv.trace_id,
inv.completion_result,
inv.completion_failure,
dp.id IS NOT NULL as pinned_deployment_exists
FROM sys_invocation inv
LEFT JOIN sys_deployment dp ON dp.id = inv.pinned_deployment_id
WHERE status IN ('running','paused') AND inv.id in ({ids})
ORDER BY inv.created_at DESC, inv.id

-- inv ls --completion-result failure
SELECT COUNT(1) FROM (SELECT
*
FROM sys_invocation inv
LIMIT 50000
)
WHERE status = 'completed' AND inv.completion_result = 'failure'

-- inv ls --completion-result failure
SELECT
id
FROM sys_invocation inv
WHERE status = 'completed' AND inv.completion_result = 'failure'
ORDER BY inv.created_at DESC, inv.id
LIMIT 100

-- inv ls --completion-result failure
SELECT
inv.id,
inv.target,
inv.target_service_ty,
inv.idempotency_key,
inv.status,
inv.created_at,
inv.modified_at as state_modified_at,
inv.pinned_deployment_id,
inv.retry_count as num_retries,
inv.last_failure as last_failure_message,
inv.last_failure_related_entry_index as last_failure_entry_index,
inv.last_failure_related_entry_name as last_failure_entry_name,
inv.last_failure_related_entry_type as last_failure_entry_ty,
inv.last_attempt_deployment_id,
inv.last_attempt_server,
inv.next_retry_at,
inv.last_start_at,
inv.invoked_by_id,
inv.invoked_by_target,
inv.trace_id,
inv.completion_result,
inv.completion_failure,
dp.id IS NOT NULL as pinned_deployment_exists
FROM sys_invocation inv
LEFT JOIN sys_deployment dp ON dp.id = inv.pinned_deployment_id
WHERE status = 'completed' AND inv.completion_result = 'failure' AND inv.id in ({ids})
ORDER BY inv.created_at DESC, inv.id

-- inv ls --deployment {deployment}
SELECT COUNT(1) FROM (SELECT
*
FROM sys_invocation inv
LIMIT 50000
)
WHERE (inv.pinned_deployment_id IN ('{deployment}') OR inv.last_attempt_deployment_id IN ('{deployment}')) AND status != 'completed'

-- inv ls --deployment {deployment}
SELECT
id
FROM sys_invocation inv
WHERE (inv.pinned_deployment_id IN ('{deployment}') OR inv.last_attempt_deployment_id IN ('{deployment}')) AND status != 'completed'
ORDER BY inv.created_at DESC, inv.id
LIMIT 100

-- inv ls --deployment {deployment}
SELECT
inv.id,
inv.target,
inv.target_service_ty,
inv.idempotency_key,
inv.status,
inv.created_at,
inv.modified_at as state_modified_at,
inv.pinned_deployment_id,
inv.retry_count as num_retries,
inv.last_failure as last_failure_message,
inv.last_failure_related_entry_index as last_failure_entry_index,
inv.last_failure_related_entry_name as last_failure_entry_name,
inv.last_failure_related_entry_type as last_failure_entry_ty,
inv.last_attempt_deployment_id,
inv.last_attempt_server,
inv.next_retry_at,
inv.last_start_at,
inv.invoked_by_id,
inv.invoked_by_target,
inv.trace_id,
inv.completion_result,
inv.completion_failure,
dp.id IS NOT NULL as pinned_deployment_exists
FROM sys_invocation inv
LEFT JOIN sys_deployment dp ON dp.id = inv.pinned_deployment_id
WHERE (inv.pinned_deployment_id IN ('{deployment}') OR inv.last_attempt_deployment_id IN ('{deployment}')) AND status != 'completed' AND inv.id in ({ids})
ORDER BY inv.created_at DESC, inv.id

-- inv ls --virtual-objects-only
SELECT
id
FROM sys_invocation inv
WHERE inv.target_service_name IN (select name from sys_service where ty = 'virtual_object') AND status != 'completed'
ORDER BY inv.created_at DESC, inv.id
LIMIT 100

-- inv ls --virtual-objects-only
SELECT COUNT(1) FROM (SELECT
*
FROM sys_invocation inv
LIMIT 50000
)
WHERE inv.target_service_name IN (select name from sys_service where ty = 'virtual_object') AND status != 'completed'

-- inv ls --virtual-objects-only
SELECT
inv.id,
inv.target,
inv.target_service_ty,
inv.idempotency_key,
inv.status,
inv.created_at,
inv.modified_at as state_modified_at,
inv.pinned_deployment_id,
inv.retry_count as num_retries,
inv.last_failure as last_failure_message,
inv.last_failure_related_entry_index as last_failure_entry_index,
inv.last_failure_related_entry_name as last_failure_entry_name,
inv.last_failure_related_entry_type as last_failure_entry_ty,
inv.last_attempt_deployment_id,
inv.last_attempt_server,
inv.next_retry_at,
inv.last_start_at,
inv.invoked_by_id,
inv.invoked_by_target,
inv.trace_id,
inv.completion_result,
inv.completion_failure,
dp.id IS NOT NULL as pinned_deployment_exists
FROM sys_invocation inv
LEFT JOIN sys_deployment dp ON dp.id = inv.pinned_deployment_id
WHERE inv.target_service_name IN (select name from sys_service where ty = 'virtual_object') AND status != 'completed' AND inv.id in ({ids})
ORDER BY inv.created_at DESC, inv.id

-- inv ls --zombie
SELECT COUNT(1) FROM (SELECT
*
FROM sys_invocation inv
LIMIT 50000
)
WHERE (inv.pinned_deployment_id IS NOT NULL AND inv.pinned_deployment_id NOT IN (select id from sys_deployment)) AND status != 'completed'

-- inv ls --zombie
SELECT
id
FROM sys_invocation inv
WHERE (inv.pinned_deployment_id IS NOT NULL AND inv.pinned_deployment_id NOT IN (select id from sys_deployment)) AND status != 'completed'
ORDER BY inv.created_at DESC, inv.id
LIMIT 100

-- inv ls --oldest-first --limit 2
SELECT
id
FROM sys_invocation inv
WHERE status != 'completed'
ORDER BY inv.created_at ASC, inv.id
LIMIT 2

-- inv ls --oldest-first --limit 2
SELECT
inv.id,
inv.target,
inv.target_service_ty,
inv.idempotency_key,
inv.status,
inv.created_at,
inv.modified_at as state_modified_at,
inv.pinned_deployment_id,
inv.retry_count as num_retries,
inv.last_failure as last_failure_message,
inv.last_failure_related_entry_index as last_failure_entry_index,
inv.last_failure_related_entry_name as last_failure_entry_name,
inv.last_failure_related_entry_type as last_failure_entry_ty,
inv.last_attempt_deployment_id,
inv.last_attempt_server,
inv.next_retry_at,
inv.last_start_at,
inv.invoked_by_id,
inv.invoked_by_target,
inv.trace_id,
inv.completion_result,
inv.completion_failure,
dp.id IS NOT NULL as pinned_deployment_exists
FROM sys_invocation inv
LEFT JOIN sys_deployment dp ON dp.id = inv.pinned_deployment_id
WHERE status != 'completed' AND inv.id in ({ids})
ORDER BY inv.created_at ASC, inv.id

-- inv ls --service Greeter --handler greet --status completed --oldest-first
SELECT COUNT(1) FROM (SELECT
*
FROM sys_invocation inv
LIMIT 50000
)
WHERE inv.target_service_name IN ('Greeter') AND inv.target_handler_name IN ('greet') AND status IN ('completed')

-- inv ls --service Greeter --handler greet --status completed --oldest-first
SELECT
id
FROM sys_invocation inv
WHERE inv.target_service_name IN ('Greeter') AND inv.target_handler_name IN ('greet') AND status IN ('completed')
ORDER BY inv.created_at ASC, inv.id
LIMIT 100

-- inv ls --service Greeter --handler greet --status completed --oldest-first
SELECT
inv.id,
inv.target,
inv.target_service_ty,
inv.idempotency_key,
inv.status,
inv.created_at,
inv.modified_at as state_modified_at,
inv.pinned_deployment_id,
inv.retry_count as num_retries,
inv.last_failure as last_failure_message,
inv.last_failure_related_entry_index as last_failure_entry_index,
inv.last_failure_related_entry_name as last_failure_entry_name,
inv.last_failure_related_entry_type as last_failure_entry_ty,
inv.last_attempt_deployment_id,
inv.last_attempt_server,
inv.next_retry_at,
inv.last_start_at,
inv.invoked_by_id,
inv.invoked_by_target,
inv.trace_id,
inv.completion_result,
inv.completion_failure,
dp.id IS NOT NULL as pinned_deployment_exists
FROM sys_invocation inv
LEFT JOIN sys_deployment dp ON dp.id = inv.pinned_deployment_id
WHERE inv.target_service_name IN ('Greeter') AND inv.target_handler_name IN ('greet') AND status IN ('completed') AND inv.id in ({ids})
ORDER BY inv.created_at ASC, inv.id

-- inv describe {chained}
SELECT
id
FROM sys_invocation inv
WHERE inv.id = '{chained}'
LIMIT 1

-- inv describe {chained}
SELECT
inv.id,
inv.target,
inv.target_service_ty,
inv.idempotency_key,
inv.status,
inv.created_at,
inv.modified_at as state_modified_at,
inv.pinned_deployment_id,
inv.retry_count as num_retries,
inv.last_failure as last_failure_message,
inv.last_failure_related_entry_index as last_failure_entry_index,
inv.last_failure_related_entry_name as last_failure_entry_name,
inv.last_failure_related_entry_type as last_failure_entry_ty,
inv.last_attempt_deployment_id,
inv.last_attempt_server,
inv.next_retry_at,
inv.last_start_at,
inv.invoked_by_id,
inv.invoked_by_target,
inv.trace_id,
inv.completion_result,
inv.completion_failure,
dp.id IS NOT NULL as pinned_deployment_exists
FROM sys_invocation inv
LEFT JOIN sys_deployment dp ON dp.id = inv.pinned_deployment_id
WHERE inv.id = '{chained}' AND inv.id in ({ids})

-- inv describe {chained}
SELECT COUNT(*) FROM information_schema.columns
WHERE
table_name = 'sys_journal'
AND column_name IN ('promise_name')

-- inv describe {chained}
SELECT COUNT(*) FROM information_schema.columns
WHERE
table_name = 'sys_journal'
AND column_name IN ('version', 'entry_json', 'appended_at')

-- inv describe {chained}
SELECT
sj.index,
sj.entry_type,
sj.completed,
sj.invoked_id,
sj.invoked_target,
sj.sleep_wakeup_at,
sj.name,
sj.promise_name,
sj.version, sj.entry_json, sj.appended_at
FROM sys_journal sj
WHERE
sj.id = '{chained}'
ORDER BY index DESC
LIMIT 100

-- state get Counter a
select key, value from state where service_name = 'Counter' and service_key = 'a' ;

-- state clear Counter
SELECT service_name, service_key, key, value FROM state WHERE service_name = 'Counter'

-- state clear Counter/a
SELECT service_name, service_key, key, value FROM state WHERE service_name = 'Counter' AND service_key = 'a'

-- inv cancel {sleeping}
SELECT id, target FROM sys_invocation_status WHERE id = '{sleeping}' AND status != 'completed' LIMIT 500

-- inv cancel Signup
SELECT id, target FROM sys_invocation_status WHERE target LIKE 'Signup/%' AND status != 'completed' LIMIT 500

-- inv kill Counter/a
SELECT id, target FROM sys_invocation_status WHERE ((target = 'Counter/a' AND target_service_ty = 'service') OR (target LIKE 'Counter/a/%' AND target_service_ty != 'service')) AND status != 'completed' LIMIT 500

-- inv kill Counter/a/add
SELECT id, target FROM sys_invocation_status WHERE target LIKE 'Counter/a/add' AND status != 'completed' LIMIT 500

-- inv pause {failing}
SELECT id, target FROM sys_invocation_status WHERE id = '{failing}' AND status IN ('invoked', 'suspended') LIMIT 500

-- inv pause Greeter
SELECT id, target FROM sys_invocation_status WHERE target LIKE 'Greeter/%' AND status IN ('invoked', 'suspended') LIMIT 500

-- inv resume {stopped}
SELECT id, target FROM sys_invocation_status WHERE id = '{stopped}' AND status IN ('paused', 'invoked', 'suspended') LIMIT 500

-- inv resume Greeter
SELECT id, target FROM sys_invocation_status WHERE target LIKE 'Greeter/%' AND status IN ('paused', 'invoked', 'suspended') LIMIT 500

-- inv purge {greeted}
SELECT id, target FROM sys_invocation_status WHERE id = '{greeted}' AND status = 'completed' LIMIT 500

-- inv purge Counter
SELECT id, target FROM sys_invocation_status WHERE target LIKE 'Counter/%' AND status = 'completed' LIMIT 500

-- inv restart-as-new Greeter/greet
SELECT id, target FROM sys_invocation_status WHERE ((target = 'Greeter/greet' AND target_service_ty = 'service') OR (target LIKE 'Greeter/greet/%' AND target_service_ty != 'service')) AND status = 'completed' LIMIT 500
