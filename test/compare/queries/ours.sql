-- Queries of our own: each column, each table, and what of the dialect people use.

-- every invocation
SELECT id, target, target_service_name, target_service_key, target_handler_name, target_service_ty, status, invoked_by, invoked_by_target, completion_result, completion_failure FROM sys_invocation ORDER BY target, created_at

-- statuses as stored
SELECT id, status, completion_result FROM sys_invocation_status ORDER BY target, created_at

-- which have a key of their own for repeats
SELECT target, idempotency_key FROM sys_invocation WHERE id = '{greeted}'

-- times that must be there
SELECT id, created_at IS NOT NULL AS created, modified_at IS NOT NULL AS modified, scheduled_at IS NOT NULL AS scheduled, scheduled_start_at IS NOT NULL AS start, running_at IS NOT NULL AS running, completed_at IS NOT NULL AS completed, inboxed_at IS NOT NULL AS inboxed FROM sys_invocation ORDER BY target, created_at

-- retention
SELECT target, completion_retention, journal_retention FROM sys_invocation WHERE id IN ('{greeted}', '{signed up}') ORDER BY target

-- failures of what backs off
SELECT retry_count > 0 AS retried, last_failure LIKE '%cannot be looked up%' AS told, last_failure_error_code, last_failure_related_command_index, last_failure_related_command_name, last_failure_related_command_type, next_retry_at IS NOT NULL AS again FROM sys_invocation WHERE id = '{failing}'

-- state as stored of what is live
SELECT id, in_flight, retry_count > 1 AS retried FROM sys_invocation_state

-- what the suspended wait for
SELECT id, suspended_waiting_for_completions, suspended_waiting_for_signals FROM sys_invocation WHERE status = 'suspended' ORDER BY target

-- the queue
SELECT service_name, service_key, id FROM sys_inbox ORDER BY sequence_number

-- owners of keys
SELECT service_name, service_key, invocation_id FROM sys_keyed_service_status ORDER BY service_name, service_key

-- all state
SELECT service_name, service_key, key, key_length, value_utf8, value_length FROM state WHERE key != 'token' ORDER BY service_name, service_key, key

-- bytes
SELECT key, value FROM state WHERE service_name = 'Counter' AND service_key = 'a' AND key = 'last'

-- services
SELECT name, revision, public, ty, deployment_id FROM sys_service ORDER BY name

-- deployments
SELECT id, ty, services FROM sys_deployment

-- how long journals are
SELECT id, COUNT(*) AS entries FROM sys_journal GROUP BY id

-- names of entries
SELECT entry_type, name FROM sys_journal WHERE id = '{chained}' AND name != '' ORDER BY index

-- a promise that is open
SELECT * FROM sys_promise WHERE service_key = 'ada'

-- flow control
SELECT COUNT(*) AS n FROM sys_locks UNION ALL SELECT COUNT(*) FROM sys_vqueues

-- where nulls go
SELECT target_service_key FROM sys_invocation ORDER BY target_service_key

-- where nulls go, the last first
SELECT target_service_key FROM sys_invocation ORDER BY target_service_key DESC

-- tables
SELECT table_name FROM information_schema.tables WHERE table_schema = 'public' AND table_name NOT LIKE 'perdure%' ORDER BY table_name

-- columns
SELECT column_name, data_type, is_nullable FROM information_schema.columns WHERE table_name = 'sys_invocation' ORDER BY column_name

-- columns of the journal
SELECT column_name, data_type FROM information_schema.columns WHERE table_name = 'sys_journal' AND column_name NOT LIKE '%utf8' ORDER BY column_name

-- a common table expression and a window
WITH ranked AS (SELECT target, ROW_NUMBER() OVER (PARTITION BY target_service_name ORDER BY created_at) AS nth FROM sys_invocation) SELECT target FROM ranked WHERE nth = 1 ORDER BY target

-- a join
SELECT s.name, COUNT(i.id) AS invocations FROM sys_service s LEFT JOIN sys_invocation i ON i.target_service_name = s.name GROUP BY s.name ORDER BY s.name

-- names in quotes, in capitals, with a comment
SELECT "target_service_name" AS "Service", count(*) AS "n" -- a comment
FROM "sys_invocation" GROUP BY "target_service_name" ORDER BY "Service"

-- a qualified table
SELECT count(*) AS n FROM public.sys_service

-- strings
SELECT 'it''s' AS quoted, upper('a') || lower('B') AS joined, length('größer') AS letters, coalesce(NULL, 'x') AS first

-- numbers
SELECT 1 AS one, 1.5 AS half, 7 / 2 AS whole, 7 % 2 AS rest, CAST('3' AS BIGINT) AS three, true AS yes, NULL AS none

-- nothing
SELECT id FROM sys_invocation WHERE id = '{greeted}' AND target_service_name = 'Nobody'

-- syntax that is wrong
SELEC id FROM sys_invocation

-- a table that is not there
SELECT id FROM sys_invocations

-- a column that is not there
SELECT identity FROM sys_invocation

-- a change
DELETE FROM sys_invocation

-- two statements
SELECT 1; SELECT 2
