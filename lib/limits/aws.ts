/** What AWS's services take, how long they are waited for, and how often they are asked (P1, R16, T1). Index: lib/limits.ts. */

// P1: DynamoDB. Every item store refuses beyond these, so that nothing passes locally that AWS would not take.

/** An item, with the names of its attributes. */
export const DYNAMO_ITEM_BYTES_MAX = 400 * 1024;
/** What the item store adds to a head for its lists. */
export const HEAD_INDEX_BYTES_MAX = 16;
export const DYNAMO_PARTITION_KEY_BYTES_MAX = 2048;
export const DYNAMO_SORT_KEY_BYTES_MAX = 1024;
/** What one query or scan answers. */
export const DYNAMO_PAGE_BYTES_MAX = 1024 * 1024;
/** The text of a condition or of an update. */
export const DYNAMO_EXPRESSION_BYTES_MAX = 4096;
/** The same, without what the item store adds to a head's write for its lists. */
export const WRITE_EXPRESSION_BYTES_MAX = DYNAMO_EXPRESSION_BYTES_MAX - 64;
/** Operators and functions in one expression. Each element that leaves a list is counted, to be on the safe side. */
export const DYNAMO_OPERATORS_MAX = 300;
/** The name of an attribute, or of an entry of a map. */
export const DYNAMO_NAME_BYTES_MAX = 65_535;
/** The values that one condition compares with, together. DynamoDB takes more of them; a condition with so many is a mistake. */
export const CONDITION_VALUES_BYTES_MAX = 400 * 1024;
/** One operator's text, with its operands and what joins it to others. A write with few operators is not looked at more closely. */
export const CLAUSE_CHARS_MAX = 40;
/** Lists and maps around a value, within one attribute: 32 levels with the value itself. */
export const DYNAMO_DEPTH_MAX = 31;
/** A number's magnitude is below this. A double reaches beyond. */
export const DYNAMO_NUMBER_MAX = 1e126;
/** The smallest magnitude besides zero. */
export const DYNAMO_NUMBER_MIN = 1e-130;
/** Items of one transaction. */
export const DYNAMO_TRANSACTION_ITEMS_MAX = 100;
/** All items of one transaction together. */
export const DYNAMO_TRANSACTION_BYTES_MAX = 4 * 1024 * 1024;
/** What a step writes to the user's tables: the append is one item of the transaction, and may be as large as an item can be (X1). */
export const TRANSACT_WRITES_MAX = DYNAMO_TRANSACTION_ITEMS_MAX - 1;
export const TRANSACT_BYTES_MAX = DYNAMO_TRANSACTION_BYTES_MAX - DYNAMO_ITEM_BYTES_MAX;
/** How much of what a handler has returned an error quotes. */
export const TRANSACT_SHOWN_CHARS_MAX = 80;
/** The name of a table. */
export const DYNAMO_TABLE_CHARS_MAX = 255;

// P1, R13: SQS.

/** One message, and all messages of one `SendMessageBatch` together. */
export const SQS_REQUEST_BYTES_MAX = 1024 * 1024;
/** A group's or a deduplication id. */
export const SQS_ID_CHARS_MAX = 128;
/** Messages in one receipt of a FIFO queue. */
export const SQS_RECEIVE_MAX = 10;
/** How long a deduplication id is remembered. */
export const SQS_DEDUP_MS = 5 * 60 * 1000;
/** Receipts after which a message goes to the dead-letter queue. With the pauses between them that takes eight hours at
 * the least: until then it keeps its place, and no later message of its group overtakes it (W2). */
export const QUEUE_RECEIVES_MAX = 1000;
/** A dead letter that was looked at is not seen again this long: longer than a run looks, shorter than an operator waits. */
export const DEAD_LETTER_HIDDEN_SECONDS = 120;

// P1, T1: EventBridge Scheduler, CloudWatch, CloudFormation.

/** How late a schedule may fire. */
export const SCHEDULER_PRECISION_MS = 60_000;
/** A schedule's input. */
export const SCHEDULE_INPUT_BYTES_MAX = 256 * 1024;
/** Values of one metric in one line of the embedded metric format. */
export const METRIC_VALUES_MAX = 100;
/** Calls at the door that one line of metrics is for, while they follow each other closely. What Lambda takes down before it is written
 * is not counted. */
export const METRIC_CALLS_MAX = 10;
/** Calls that are further apart have a line each. */
export const METRIC_PAUSE_MS = 1000;
/** The reason in an answer to CloudFormation, which takes 4 KB in all. */
export const CLOUDFORMATION_REASON_CHARS_MAX = 1000;
/** Tries of that answer: without it, the stack waits for as long as the registrar may take, and then fails. */
export const CLOUDFORMATION_ATTEMPTS_MAX = 5;
/** How long each of them may take. */
export const CLOUDFORMATION_SEND_MS_MAX = 2000;
/** The pause between them. */
export const CLOUDFORMATION_PAUSE_MS = 500;
/** A registration that is not done this long before the registrar's end has failed: the tries of its answer need that time. */
export const CLOUDFORMATION_ANSWER_MS =
  CLOUDFORMATION_ATTEMPTS_MAX * (CLOUDFORMATION_SEND_MS_MAX + CLOUDFORMATION_PAUSE_MS);

// Requests.

/** A request to DynamoDB or SQS is answered within milliseconds or not at all. One that hangs is given up and tried again,
 * long before the function that waits for it runs out of time. */
export const AWS_REQUEST_MS_MAX = 8000;
/** The same for a connection. */
export const AWS_CONNECT_MS_MAX = 2000;
/** The same for one that is opened before there is a request. */
export const AWS_OPEN_MS_MAX = 1000;
/** Connections to one service at the same time, as AWS's own clients have them. */
export const AWS_CONNECTIONS_MAX = 50;
/** A connection that nobody has used for so long is not used again: it may have been dropped while the function was frozen. */
export const AWS_IDLE_MS_MAX = 20_000;
/** An invocation of a function: longer than Lambda's longest. */
export const INVOKE_MS_MAX = 15.5 * 60_000;
/** A function that another one has invoked itself. Its caller has gone on long before that (DIRECT_WAIT_MS). */
export const DIRECT_REQUEST_MS_MAX = 5000;
/** A container's endpoint for credentials is near. */
export const CREDENTIALS_REQUEST_MS_MAX = 5000;
/** Credentials are renewed so long before they end. */
export const CREDENTIALS_SPARE_MS = 5 * 60 * 1000;
/** Tries of a request, as AWS's own clients in their standard mode. */
export const AWS_ATTEMPTS_MAX = 3;
/** The pause after the first try is at random up to this. It doubles with each try. */
export const AWS_RETRY_BASE_MS = 100;
/** The same, if the service says that it was asked too often. */
export const AWS_THROTTLED_BASE_MS = 500;
/** How much of a function's answer an error message quotes, if it is not the expected one. */
export const EXCERPT_CHARS_MAX = 500;
/** A permission that a deployment has just given takes some seconds to be known everywhere. So often it is tried. */
export const PERMISSION_ATTEMPTS_MAX = 30;
/** The pause between these tries. */
export const PERMISSION_PAUSE_MS = 3000;
/** How long a function may take to say what it serves, a cold start included. What hangs at load never does. */
export const FUNCTION_DISCOVERY_MS_MAX = 20_000;
/** How often a registrar asks: a start that takes longer than that may be done when it asks again. */
export const FUNCTION_DISCOVERY_ATTEMPTS_MAX = 2;

// Polling: how an item that may change is watched without notifications.

/** The first pause before a result of which nothing is known. */
export const POLL_FIRST_MS = 40;
/** The least pause. A look costs as much as the ingress does in 40 ms, so a few of them are worth a soon answer, and many are not. */
export const POLL_PAUSE_MS_MIN = 8;
/** The longest pause: what a long wait is late by. */
export const POLL_PAUSE_MS_MAX = 1000;
/** Between them, a pause is the time waited so far divided by this. */
export const POLL_PART = 14;
/** Handlers whose usual time one environment keeps. */
export const USUAL_HANDLERS_MAX = 1000;
/** The part of a handler's results that comes before its usual time. */
export const USUAL_PART = 0.3;
/** One result moves it by at most this part of itself. */
export const USUAL_STEP_PART = 8;
/** A reader that has not asked for this long has gone, and starts anew with short pauses. */
export const POLL_FORGET_MS = 10_000;
/** Pages of the state table, 1 MB each, that one request for keys looks through. */
export const KEY_SCANS_MAX = 20;

// The stack.

/** Dispatchers that run at the same time, unless the stack says how many: with batches of ten, 500 turns. */
export const DISPATCHERS_AT_ONCE = 50;
/** The same, of a service's own mailbox. */
export const OWN_DISPATCHERS_AT_ONCE = 10;
/** Lambda's longest. */
export const TURN_TIMEOUT_MINUTES_MAX = 15;
/** The dispatcher needs some of Lambda's time before and after a turn that it waits for. */
export const WAITED_TIMEOUT_MINUTES_MAX = 14;
/** The registrar's timeout. Longer than it waits until a new permission is in effect, and until a service has moved to another
 * mailbox, twice. */
export const REGISTRAR_MINUTES_MAX = 10;
/** How long a bundle may take to say what it serves, when a stack is made. */
export const SERVED_NAMES_MS_MAX = 30_000;
/** The alarm MailboxStuck: a message waits this long at the least, however short turns are. */
export const ALARM_STUCK_SECONDS_MIN = 15 * 60;
/** The alarm TimersLate: a minute is what EventBridge Scheduler alone may be late by. */
export const ALARM_LATE_MS = 60_000;
