# Starts MiniStack with what it cannot be told by environment variables (docs/emulators.md says why).
import inspect
import json
import time

from ministack.services import apigateway, lambda_svc, scheduler


def patch(module, name, *parts):
    """Replaces parts of a function's source, each wherever it is."""
    source = inspect.getsource(getattr(module, name))
    for old, new in parts:
        assert old in source, f"this MiniStack's {name} is another"
        source = source.replace(old, new)
    exec(source, module.__dict__)


# It looks for due schedules every ten seconds; EventBridge Scheduler is late by at most a minute, and tests are impatient.
scheduler._SCHEDULE_TICK_INTERVAL = 0.2

# It refuses every preflight of an API without a CORS configuration. AWS takes the API's routes then.
patch(apigateway, "_handle_execute_in_scope", ('if method == "OPTIONS":', 'if method == "OPTIONS" and cors_cfg:'))


# An event source mapping invokes the version that its alias points to. AWS says to the function by which alias it was invoked.
def record_by_alias(name, qualifier):
    record, config = lambda_svc._get_func_record_for_qualifier(name, qualifier)
    if record is None or not qualifier:
        return record, config
    arn = lambda_svc._func_arn(name) + f":{qualifier}"
    return {**record, "config": {**config, "FunctionArn": arn}}, config


# Of a stream's batch it takes all records for done, whatever the function has answered. AWS goes on at the lowest one that has failed.
def taken(esm, result, numbers):
    body = result.get("body")
    body = json.loads(body) if isinstance(body, str) else body or {}
    failed = [each.get("itemIdentifier") for each in body.get("batchItemFailures", [])]
    done = min((at for at, number in enumerate(numbers) if number in failed), default=len(numbers))
    if done < len(numbers):
        lambda_svc._esm_backoff_until[esm["UUID"]] = time.time() + lambda_svc._ESM_BACKOFF_SECONDS
    return done


lambda_svc.record_by_alias = record_by_alias
lambda_svc.taken = taken
by_alias = (
    "func_rec, _cfg = _get_func_record_for_qualifier(func_name, qualifier)",
    "func_rec, _cfg = record_by_alias(func_name, qualifier)",
)
patch(lambda_svc, "_poll_sqs", by_alias)
patch(
    lambda_svc,
    "_poll_kinesis",
    by_alias,
    (
        "positions[shard_id] = pos + len(raw_records)",
        "positions[shard_id] = pos + taken(esm, result, [each['SequenceNumber'] for each in raw_records])",
    ),
)
UNLOCKED = "_esm_backoff_until.pop(esm_id, None)\n                with _dynamodb_stream_positions_lock:\n"
patch(
    lambda_svc,
    "_poll_dynamodb_streams",
    by_alias,
    ("raw_len = len(batch)", "raw_len, raw = len(batch), batch"),
    (
        f"{UNLOCKED}                    _dynamodb_stream_positions[esm_id] = pos + raw_len",
        f"{UNLOCKED}                    _dynamodb_stream_positions[esm_id] = pos + taken("
        "esm, result, [each['dynamodb']['SequenceNumber'] for each in raw])",
    ),
)


# The Scheduler puts a tick's attributes where a target's input has their names. It leaves them as they are.
def with_attributes(target, schedule):
    tick = {
        "schedule-arn": schedule.get("Arn", ""),
        "scheduled-time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
    }
    text = target.get("Input") or ""
    for name, value in tick.items():
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return {**target, "Input": text} if text else target


scheduler.with_attributes = with_attributes
patch(
    scheduler,
    "_tick_schedules",
    ("_eb._invoke_target(target, event, sched)", "_eb._invoke_target(with_attributes(target, sched), event, sched)"),
)

from ministack.app import main

main()
