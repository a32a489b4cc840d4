/** The tables that are ours, in the form that schema.ts reads: a column's name, and its type unless that is text. */
export const PERDURE_TABLES = {
  perdure_attempts: `id target status deployment_id number:u32 started_at:time ended_at:time outcome attempts:u64 next_attempt_at:time failed_at:time error_code error_message
    error_stack failed_command_index:u64 failed_command_type failed_command_name step_command:u64 step_attempts:u64
    step_since:time begun:texts`,
  perdure_steps: `id target position:u32 command:u32 kind name status result_utf8 result_length:u64 error_code:u32 error_message
    invoked_id invoked_target due_at:time awakeable_id started_at:time ended_at:time attempts:u32 append:u32`,
  perdure_timers: `id target kind command:u32 due_at:time`,
  perdure_locks: `service_name service_key owner_id owner_target owner_status taken_at:time waiting_id waiting_place:u32
    waiting_target waiting_since:time`,
  perdure_deployments_pinned: `deployment_id service_name status invocations:u64 oldest_at:time is_registered:bool`,
  perdure_rejected_events: `id subscription source service_name handler_name rejected_at:time status reason message record bytes:u64 event`,
} as const;
