import { type DescMessage, isFieldSet, type Message } from "@bufbuild/protobuf";
import type { Place } from "../place.ts";
import type { ReportProblem } from "./canonical-scalar.ts";
import { childMessages, type MessageFields, rawFieldValue } from "./message-rules.ts";

/** Reports fields that a binary message carries and its type does not know. Goes into all messages below but those in an Any. */
export function findUnknownFields(type: DescMessage, message: Message, place: Place, report: ReportProblem): void {
  for (const { no } of message.$unknown ?? []) report(place, `${type.typeName} has no field number ${no}`);
  for (const field of type.fields) {
    if (field.message === undefined || !isFieldSet(message, field)) continue;
    const at = place.field(field.name);
    const value = rawFieldValue(message as MessageFields, field);
    for (const [step, child] of childMessages(field, value)) {
      if (typeof child !== "object" || child === null || child.$typeName !== field.message.typeName) continue;
      findUnknownFields(field.message, child, step === undefined ? at : at.field(String(step)), report);
    }
  }
}
