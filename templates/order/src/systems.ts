/**
 * Stand-ins for the systems that an order needs. Put your own calls here. A step may be repeated if the process dies before its
 * result is recorded, so each takes the order's number: the other system can tell a repetition by it.
 */
import { TerminalError } from "perdure";

export async function charge(order: string, cents: number): Promise<string> {
  console.log(`order ${order}: charge ${cents} cents`);
  return `pay-${order}`;
}

/** Safe to call when nothing was charged. */
export async function refund(order: string): Promise<void> {
  console.log(`order ${order}: refund`);
}

export async function reserve(order: string, item: string): Promise<void> {
  console.log(`order ${order}: reserve ${item}`);
  if (item === "unicorn") throw new TerminalError("unicorn is out of stock", { errorCode: 409 });
}

/** Safe to call when nothing was reserved. */
export async function release(order: string, item: string): Promise<void> {
  console.log(`order ${order}: release ${item}`);
}

export async function ship(order: string, item: string): Promise<string> {
  console.log(`order ${order}: ship ${item}`);
  return `parcel-${order}`;
}
