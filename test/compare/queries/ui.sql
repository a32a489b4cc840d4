-- The shapes of what Restate's web UI asks, and of the examples that its SQL page offers. Written by hand.

-- UI, list of what runs
SELECT id FROM sys_invocation_state WHERE in_flight IS TRUE LIMIT 250

-- UI, list of the newest
SELECT ss.id FROM sys_invocation_status ss ORDER BY ss.created_at DESC LIMIT 250

-- UI, list of one service's
SELECT ss.id FROM sys_invocation_status ss WHERE ss.target_service_name = 'Counter' ORDER BY ss.created_at DESC LIMIT 250

-- UI, list of what has not completed
SELECT ss.id FROM sys_invocation_status ss WHERE ss.status IN ('inboxed', 'scheduled', 'invoked', 'suspended', 'paused') ORDER BY ss.created_at DESC LIMIT 250

-- UI, list with a filter on time
SELECT ss.id FROM sys_invocation_status ss WHERE ss.created_at > now() - INTERVAL '1 hour' AND ss.target_handler_name LIKE '%ee%' ORDER BY ss.created_at DESC LIMIT 250

-- UI, rows of the list
SELECT i.id, i.target, i.target_service_name, i.target_service_key, i.target_handler_name, i.target_service_ty, i.status, i.invoked_by, i.invoked_by_service_name, i.invoked_by_id, i.invoked_by_target, i.pinned_deployment_id, i.created_at, i.modified_at, i.scheduled_at, i.scheduled_start_at, i.running_at, i.completed_at, i.retry_count, i.last_start_at, i.next_retry_at, i.last_failure_error_code, i.completion_result, i.restarted_from
FROM sys_invocation i WHERE i.id IN ({ids}) ORDER BY i.created_at DESC NULLS LAST

-- UI, counts by status
SELECT CASE WHEN ss.status = 'inboxed' THEN 'pending' WHEN ss.status = 'invoked' AND sis.in_flight IS TRUE THEN 'running' WHEN ss.status = 'invoked' AND sis.retry_count > 0 THEN 'backing-off' WHEN ss.status = 'invoked' THEN 'ready' ELSE ss.status END AS combined_status, COUNT(1) AS count
FROM sys_invocation_status ss LEFT JOIN sys_invocation_state sis ON ss.id = sis.id GROUP BY combined_status ORDER BY combined_status

-- UI, counts by service
SELECT ss.target_service_name AS service_name, CASE WHEN ss.status = 'completed' THEN ss.completion_result ELSE ss.status END AS state, COUNT(*) AS count
FROM (SELECT * FROM sys_invocation_status LIMIT 1000000) ss GROUP BY service_name, state ORDER BY service_name, state

-- UI, overview of the last hour
SELECT target_service_name, SUM(CASE WHEN completion_result = 'success' THEN 1 ELSE 0 END) AS succeeded, SUM(CASE WHEN completion_result = 'failure' THEN 1 ELSE 0 END) AS failed
FROM sys_invocation_status WHERE status = 'completed' AND completed_at > now() - INTERVAL '1 hour' GROUP BY target_service_name ORDER BY target_service_name

-- UI, an invocation
SELECT * FROM sys_invocation WHERE id = '{failing}'

-- UI, an invocation that is suspended
SELECT * FROM sys_invocation WHERE id = '{holding}'

-- UI, its journal
SELECT index, appended_at, entry_type, name, entry_lite_json, raw_length, version, completed, sleep_wakeup_at, invoked_id, invoked_target, promise_name FROM sys_journal WHERE id = '{chained}' ORDER BY index

-- UI, one entry's payload
SELECT index, entry_json FROM sys_journal WHERE id = '{chained}' AND index = 1

-- UI, its events
SELECT after_journal_entry_index, appended_at, event_type, event_json FROM sys_journal_events WHERE id = '{failing}' ORDER BY appended_at DESC LIMIT 200

-- UI, events of a paused one
SELECT after_journal_entry_index, event_type, event_json FROM sys_journal_events WHERE id = '{stopped}' ORDER BY appended_at, event_type

-- UI, what it has called
SELECT id, status, completion_result FROM sys_invocation WHERE invoked_by_id = '{chained}' ORDER BY target

-- UI, keys that have state
SELECT DISTINCT service_key FROM state WHERE "service_name" = 'Counter' ORDER BY service_key LIMIT 301

-- UI, state of some keys
SELECT service_key, key, CASE WHEN value_length <= 2048 THEN value END AS value, value_length FROM state WHERE service_name = 'Counter' AND service_key IN ('a', 'b') ORDER BY service_key, key

-- UI, state of a key
SELECT * FROM state WHERE service_name = 'Counter' AND service_key = 'b' ORDER BY key

-- UI, objects with work
SELECT service_key, COUNT(*) AS inbox FROM sys_inbox WHERE service_name = 'Counter' GROUP BY service_key ORDER BY inbox DESC LIMIT 100

-- UI, an object's inbox
SELECT id, sequence_number - MIN(sequence_number) OVER () AS place FROM sys_inbox WHERE service_name = 'Counter' AND service_key = 'a' ORDER BY sequence_number

-- UI, the lock's owner
SELECT invocation_id FROM sys_keyed_service_status WHERE service_name = 'Counter' AND service_key = 'a'

-- UI, runs of a workflow
SELECT id, target_service_key, status FROM sys_invocation WHERE target_service_name = 'Signup' AND target_handler_name = 'run' ORDER BY target_service_key

-- UI, promises of a workflow
SELECT service_key, key, completed, completion_success_value, completion_success_value_utf8, completion_failure FROM sys_promise WHERE service_name = 'Signup' ORDER BY service_key, key

-- UI, deployments that are drained
WITH needed AS (SELECT deployment_id AS id FROM sys_service UNION SELECT pinned_deployment_id AS id FROM sys_invocation_status WHERE status != 'completed' AND pinned_deployment_id IS NOT NULL)
SELECT id FROM sys_deployment EXCEPT SELECT id FROM needed

-- example, backlog by key
SELECT service_name, service_key, COUNT(*) AS backlog FROM sys_inbox GROUP BY service_name, service_key ORDER BY backlog DESC LIMIT 10

-- example, oldest pending
SELECT id, target FROM sys_invocation WHERE status = 'pending' ORDER BY created_at ASC LIMIT 10

-- example, transient errors of the last hour
SELECT event_json ->> 'error_message' AS message, COUNT(*) AS times FROM sys_journal_events WHERE event_type = 'TransientError' AND appended_at > now() - INTERVAL '1 hour' GROUP BY message ORDER BY times DESC, message

-- example, search by error
SELECT id, target FROM sys_invocation WHERE last_failure ILIKE '%LOOKED UP%'

-- example, large journals
SELECT id, SUM(raw_length) > 1048576 AS is_large FROM sys_journal GROUP BY id HAVING SUM(raw_length) > 1048576
