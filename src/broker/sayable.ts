/**
 * A decision in the words of the packet that answers the client.
 *
 * @module
 */
import type { Properties } from "../codec/packet.ts";
import { propertiesOf, type PropertyCarrier } from "../codec/property.ts";
import {
  isReasonCode,
  ReasonCode,
  type ReasonPacket,
} from "../codec/reason_code.ts";
import type { BrokerDecision, BrokerQuestion } from "./question.ts";

/** The packets that answer. PUBREC has the Reason Codes and properties of PUBACK. */
type Answer = ReasonPacket & PropertyCarrier;

/**
 * What the packet can carry of a decision: another refusal becomes Unspecified error, and so does what is no Reason
 * Code at all; other properties are left out.
 */
export function sayable(
  decision: BrokerDecision,
  question: BrokerQuestion,
): BrokerDecision {
  const { reasonCode, reasonCodes, properties } = decision;
  if (reasonCode < 0x80 && !reasonCodes && !properties) return decision;
  const answer = answerOf(question, reasonCode < 0x80);
  return {
    reasonCode: sayableCode(reasonCode, answer),
    ...(reasonCodes && {
      reasonCodes: reasonCodes.map((each) => sayableCode(each, answer)),
    }),
    ...(properties && { properties: sayableProperties(properties, answer) }),
  };
}

function sayableCode(reasonCode: number, answer: Answer): number {
  const isSayable = reasonCode < 0x80 ||
    isReasonCode(reasonCode, answer, "server");
  return isSayable ? reasonCode : ReasonCode.unspecifiedError;
}

function sayableProperties(properties: Properties, answer: Answer): Properties {
  const { byName } = propertiesOf(answer);
  return Object.fromEntries(
    Object.entries(properties).filter(([name]) => byName.has(name)),
  );
}

function answerOf(question: BrokerQuestion, isAllowed: boolean): Answer {
  switch (question.type) {
    case "connect":
      return "connack";
    case "authenticate":
      if (isAllowed) return "auth";
      return question.connection.isConnected ? "disconnect" : "connack";
    case "publish":
      return question.isWill ? "connack" : "puback";
    case "subscribe":
      return "suback";
  }
}
