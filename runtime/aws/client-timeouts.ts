/**
 * A request to DynamoDB or SQS is answered within milliseconds or not at all: one that hangs is given up, and tried again
 * by the client, long before the function that waits for it runs out of time.
 */
export const CLIENT_TIMEOUTS = {
  requestHandler: { connectionTimeout: 2000, requestTimeout: 8000, throwOnRequestTimeout: true },
} as const;
