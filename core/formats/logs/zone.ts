import { EngineError } from '#core/model/index.ts';

/** Gives the minutes by which a zone is ahead of UTC at an instant (Unix seconds). */
export type ZoneOffset = (seconds: number) => number;

const hourSeconds = 3600;
const offsetsKept = 4096;

/**
 * A zone by its IANA name, `UTC`, or an offset such as `+02:00`. Throws EngineError `invalid`.
 */
export function zoneOffset(zone: string): ZoneOffset {
  const fixed = fixedOffset(zone);
  if (fixed !== undefined) return () => fixed;
  const format = zoneFormat(zone);
  const known = new Map<number, number>();
  return (seconds) => {
    const hour = Math.floor(seconds / hourSeconds);
    let minutes = known.get(hour);
    if (minutes === undefined) {
      if (known.size >= offsetsKept) known.clear();
      known.set(hour, (minutes = offsetAt(format, hour * hourSeconds)));
    }
    return minutes;
  };
}

function fixedOffset(zone: string): number | undefined {
  if (zone === '' || /^(?:utc|gmt|z)$/i.test(zone)) return 0;
  const [, sign, hours, minutes] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  if (hours === undefined) return undefined;
  return (sign === '-' ? -1 : 1) * (Number(hours) * 60 + Number(minutes ?? 0));
}

function zoneFormat(zone: string): Intl.DateTimeFormat {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone, timeZoneName: 'longOffset' });
  } catch {
    throw new EngineError(
      'invalid',
      `the zone ${JSON.stringify(zone)} is not known; write an IANA name such as Europe/Berlin, or an offset such as +02:00`,
    );
  }
}

/** Minutes out of a name such as `GMT+02:00`. */
function offsetAt(format: Intl.DateTimeFormat, seconds: number): number {
  const name = format.formatToParts(seconds * 1000).find(({ type }) => type === 'timeZoneName')?.value ?? 'GMT';
  return fixedOffset(name.replace('GMT', '')) ?? 0;
}

/** Abbreviations that log writers print, in minutes ahead of UTC. Those that mean several zones (IST, BST) are left out. */
const abbreviations: Readonly<Record<string, number>> = {
  UTC: 0,
  GMT: 0,
  WET: 0,
  WEST: 60,
  CET: 60,
  CEST: 120,
  EET: 120,
  EEST: 180,
  MSK: 180,
  JST: 540,
  AEST: 600,
  AEDT: 660,
  EST: -300,
  EDT: -240,
  CST: -360,
  CDT: -300,
  MST: -420,
  MDT: -360,
  PST: -480,
  PDT: -420,
};

/** Undefined for a word that is no zone known here. */
export function abbreviationMinutes(word: string): number | undefined {
  return Object.hasOwn(abbreviations, word) ? abbreviations[word] : undefined;
}
