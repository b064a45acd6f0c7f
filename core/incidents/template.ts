/** Post-mortem templates: markdown with `{{section}}` where a reading of the log goes. The rest is for people to write. */

interface Template {
  /** From the front matter; empty when it names none. */
  readonly title: string;
  readonly body: string;
}

const placeholder = /\{\{\s*([a-z-]+)\s*\}\}/g;
const frontMatter = /^---\n([^]*?)\n---\n/;

/** The order that serves most incidents: what happened before why, why before what next. */
export const standardTemplate = `# Post-mortem: {{title}}

{{facts}}

## Summary

{{summary}}

_Two or three sentences for somebody who was not there: what broke, whom it hurt, what ended it._

## Impact

{{impact}}

_Exact figures: users and requests affected, data lost or late, what it cost in error budget or money, what customers said._

## Detection

{{detection}}

_Could it have been seen sooner, or with fewer pages?_

## Resolution

{{resolution}}

_What ended it for users, and what ended it for good? What was tried that did not help?_

## Timeline

{{timeline}}

## Durations

{{durations}}

## Roles

{{roles}}

## Runbooks

{{runbooks}}

## Status updates

{{updates}}

## Contributing factors

_What had to come together? Name conditions, not people; there is rarely one cause. What set it off, what had been waiting for it, what made it worse, what kept it small?_

## What went well

{{went-well}}

_What helped, and should stay as it is?_

## What did not go well

{{went-badly}}

_What was slow, missing or misleading? Ask how each act made sense at the time. Keep "we should have" for the action items._

## Where we got lucky

_What would have made it much worse, and did not happen only by chance?_

## Open questions

_What do we still not know, and who will find out?_

## Action items

{{actions}}

_Few, each with one owner and a date: what prevents it, what finds it sooner, what makes it hurt less. Which runbook to mend?_

## Data

{{data}}
`;

/** Splits a template's front matter off. */
export function readTemplate(text: string): Template {
  const plain = text.replaceAll('\r\n', '\n');
  const front = frontMatter.exec(plain);
  const title = front === null ? undefined : /^title:[ \t]*(.*?)[ \t]*$/m.exec(front[1]!)?.[1];
  return { title: (title ?? '').replace(/^(["'])(.*)\1$/, '$2'), body: front === null ? plain : plain.slice(front[0].length).replace(/^\n+/, '') };
}

/** Names of the sections a template asks for, in order. */
export function sectionsOf(body: string): readonly string[] {
  return [...body.matchAll(placeholder)].map((found) => found[1]!);
}

/** The template with each section written in; what a section says is never read as a template. An unknown name says so in its place. */
export function fill(body: string, sections: ReadonlyMap<string, () => string>): string {
  return body.replace(placeholder, (_, name: string) => {
    const write = sections.get(name);
    return write === undefined ? `_There is no section "${name}"; there are ${[...sections.keys()].join(', ')}._` : write();
  });
}
