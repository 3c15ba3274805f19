import { assertEquals, assertThrows } from "@std/assert";
import { PUBLISH } from "../../src/cli/publish_options.ts";
import { SHARED } from "../../src/cli/shared_options.ts";
import { parse } from "../../src/cli/parse.ts";
import { propertiesOf } from "../../src/cli/properties.ts";
import { UsageError } from "../../src/cli/usage_error.ts";

/** The properties of PUBLISH that the arguments give. */
function published(...args: readonly string[]) {
  const values = parse(args, { ...PUBLISH, ...SHARED });
  return propertiesOf("publish", values.property, values.userProperty);
}

Deno.test("propertiesOf reads -D in three arguments, or four, as mosquitto's tools do", () => {
  assertEquals(
    published(
      ...["-D", "PUBLISH", "content-type", "text/plain; charset=utf-8"],
      ...["-D", "publish", "user-property", "a name", "a value"],
      ...["-D", "publish", "correlation-data", "xyz"],
      ...["-D", "publish", "payload-format-indicator", "1"],
    ),
    {
      contentType: "text/plain; charset=utf-8",
      correlationData: new TextEncoder().encode("xyz"),
      payloadFormatIndicator: 1,
      userProperties: [["a name", "a value"]],
    },
  );
});

Deno.test("propertiesOf reads -D in one argument", () => {
  assertEquals(
    published(
      ...["-D", "publish content-type text/plain; charset=utf-8"],
      ...["--property=publish user-property name a value", "-r"],
    ),
    {
      contentType: "text/plain; charset=utf-8",
      userProperties: [["name", "a value"]],
    },
  );
});

Deno.test("propertiesOf keeps order and duplicates of User Properties", () => {
  assertEquals(
    published(
      ...["--user-property", "b=1", "--user-property", "a=x=y"],
      ...["--user-property", "b=1", "-D", "publish user-property c 2"],
    ),
    { userProperties: [["b", "1"], ["a", "x=y"], ["b", "1"], ["c", "2"]] },
  );
});

Deno.test("propertiesOf gives each packet its own", () => {
  const given = ["connect receive-maximum 5", "will will-delay-interval 9"];
  assertEquals(propertiesOf("connect", given), { receiveMaximum: 5 });
  assertEquals(propertiesOf("will", given), { willDelayInterval: 9 });
  assertEquals(propertiesOf("publish", given), undefined);
});

Deno.test("propertiesOf says what it wants", () => {
  const wrong: readonly [readonly string[], string][] = [
    [["-D", "puback x y"], "option -D needs one of connect, will, publish"],
    [["-D", "publish"], "option -D needs a value"],
    [["-D", "publish", "content-type"], "option -D needs a value"],
    [["-D", "publish x"], "option -D needs a packet, a name and a value"],
    [["-D", "publish x y"], "there is no property x. There are payload-format"],
    [
      ["-D", "publish message-expiry-interval soon"],
      'property message-expiry-interval needs a whole number from 0 to 4294967295, not "soon"',
    ],
    [["--user-property", "a"], "a User Property needs a name and a value"],
  ];
  for (const [args, what] of wrong) {
    assertThrows(() => published(...args), UsageError, what);
  }
});
