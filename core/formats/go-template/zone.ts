/** Time zones as Go tells them: the offset and the abbreviation of the zone database, which JavaScript knows for a part of the world only. */
import { EngineError } from '#core/model/index.ts';

export interface ZoneMoment {
  readonly offsetMs: number;
  /** `CET`, or the offset where the zone has no name: `+08`. */
  readonly name: string;
}

/** English as it is spoken in places that call the zones near them by a name. */
const locales = ['en-US', 'en-GB', 'en-AU', 'en-IN', 'en-NZ', 'en-ZA'];

/** What no locale has: standard time, then summer time where there is one. */
const names: ReadonlyMap<string, readonly [string, string?]> = new Map(
  Object.entries({
    CST: 'Asia/Shanghai Asia/Chongqing Asia/Chungking Asia/Harbin Asia/Macau Asia/Macao Asia/Taipei PRC ROC',
    HKT: 'Asia/Hong_Kong Hongkong',
    JST: 'Asia/Tokyo Japan',
    KST: 'Asia/Seoul Asia/Pyongyang ROK',
    PST: 'Asia/Manila',
    PKT: 'Asia/Karachi',
    WIB: 'Asia/Jakarta Asia/Pontianak',
    WITA: 'Asia/Makassar Asia/Ujung_Pandang',
    WIT: 'Asia/Jayapura',
    MSK: 'Europe/Moscow Europe/Kirov Europe/Simferopol Europe/Volgograd W-SU',
    MST: 'America/Dawson America/Whitehorse America/Hermosillo America/Mazatlan Canada/Yukon Mexico/BajaSur',
    ChST: 'Pacific/Guam Pacific/Saipan',
    SST: 'Pacific/Midway Pacific/Pago_Pago Pacific/Samoa US/Samoa',
    'IST IDT': 'Asia/Jerusalem Asia/Tel_Aviv Israel',
    'GMT IST': 'Europe/Dublin Eire',
    'GMT BST': 'Europe/Guernsey Europe/Isle_of_Man Europe/Jersey',
    'NST NDT': 'America/St_Johns Canada/Newfoundland',
    'CST CDT': 'America/Havana Cuba',
    'HST HDT': 'America/Adak America/Atka US/Aleutian',
    'MET MEST': 'MET',
    GMT: 'GMT GMT+0 GMT-0 GMT0',
    '+04': 'Asia/Dubai Asia/Muscat',
    '+0530': 'Asia/Colombo',
  }).flatMap(([abbreviations, zones]) => zones.split(' ').map((zone) => [zone, abbreviations.split(' ') as [string, string?]] as const)),
);

/** `zone` is an IANA name, `UTC`, empty for the same, or `Local` for the machine's own. Throws EngineError `invalid` for one that is not known. */
export function zoneAt(zone: string, atMs: number): ZoneMoment {
  if (zone === 'UTC' || zone === '') return { offsetMs: 0, name: 'UTC' };
  const timeZone = zone === 'Local' ? new Intl.DateTimeFormat().resolvedOptions().timeZone : zone;
  try {
    const offsetMs = offsetAt(timeZone, atMs);
    return { offsetMs, name: nameAt(timeZone, atMs, offsetMs) };
  } catch {
    throw new EngineError('invalid', `the time zone ${JSON.stringify(zone)} is not known on this machine`);
  }
}

function offsetAt(timeZone: string, atMs: number): number {
  const fields = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', second: 'numeric' } as const;
  const format = new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', era: 'short', ...fields });
  const parts = new Map(format.formatToParts(atMs).map((part) => [part.type, part.value]));
  const number = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type));
  const wall = new Date(0);
  wall.setUTCFullYear(parts.get('era') === 'BC' ? 1 - number('year') : number('year'), number('month') - 1, number('day'));
  wall.setUTCHours(number('hour'), number('minute'), number('second'));
  return wall.getTime() - Math.floor(atMs / 1000) * 1000;
}

function nameAt(timeZone: string, atMs: number, offsetMs: number): string {
  const known = names.get(timeZone);
  if (known !== undefined) return known[1] !== undefined && offsetMs > standardOffset(timeZone, atMs) ? known[1] : known[0];
  for (const locale of locales) {
    const parts = new Intl.DateTimeFormat(locale, { timeZone, timeZoneName: 'short' }).formatToParts(atMs);
    const name = parts.find(({ type }) => type === 'timeZoneName')?.value ?? '';
    if (/^[A-Za-z]+$/.test(name)) return name;
  }
  return offsetText(offsetMs, false).replace(/00$/, '');
}

/** The smaller of the offsets of a January and a July, which is that of standard time. */
function standardOffset(timeZone: string, atMs: number): number {
  const year = new Date(atMs).getUTCFullYear();
  return Math.min(offsetAt(timeZone, Date.UTC(year, 0, 15)), offsetAt(timeZone, Date.UTC(year, 6, 15)));
}

/** `+0530`, with a colon `+05:30`. */
export function offsetText(offsetMs: number, colon: boolean): string {
  const minutes = Math.floor(Math.abs(offsetMs) / 60_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  return `${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${colon ? ':' : ''}${two(minutes % 60)}`;
}
