import { EngineError } from '#core/model/index.ts';

/** Addresses from `from` to `to` of one family, as numbers of 32 or 128 bits. */
interface AddressRange {
  readonly bits: number;
  readonly from: bigint;
  readonly to: bigint;
}

interface Address {
  readonly bits: number;
  readonly value: bigint;
}

const candidate = /(?<![\w.:])(?:\d{1,3}(?:\.\d{1,3}){3}(?![\w.])|[0-9A-Fa-f:]*:[0-9A-Fa-f:.]*[0-9A-Fa-f:])/g;

/** What `ip("...")` of LogQL stands for: an address, two with a dash between, or a network such as `10.0.0.0/8`. Throws EngineError `invalid`. */
export class IpRange {
  readonly #range: AddressRange;

  constructor(text: string) {
    const range = rangeOf(text);
    if (range === undefined)
      throw new EngineError('invalid', `${JSON.stringify(text)} is no address, no network such as 10.0.0.0/8 and no range such as 10.0.0.1-10.0.0.9`);
    this.#range = range;
  }

  holds(text: string): boolean {
    const address = addressOf(text);
    const { bits, from, to } = this.#range;
    return address !== undefined && address.bits === bits && address.value >= from && address.value <= to;
  }

  /** Whether one of the addresses in a line is in the range. */
  isIn(line: string): boolean {
    for (const [text] of line.matchAll(candidate)) if (this.holds(text) || this.holds(text.replace(/:\d+$/, ''))) return true;
    return false;
  }
}

/** Throws EngineError `invalid` for a text that names no addresses. */
export function checkIpRange(text: string): void {
  void new IpRange(text);
}

function rangeOf(text: string): AddressRange | undefined {
  const dash = text.indexOf('-');
  if (dash > 0) {
    const [from, to] = [addressOf(text.slice(0, dash).trim()), addressOf(text.slice(dash + 1).trim())];
    return from === undefined || to?.bits !== from.bits || to.value < from.value ? undefined : { bits: from.bits, from: from.value, to: to.value };
  }
  const [head = '', prefix] = text.split('/', 2);
  const address = addressOf(head);
  if (address === undefined) return undefined;
  const { bits, value } = address;
  if (prefix === undefined) return { bits, from: value, to: value };
  if (!/^\d{1,3}$/.test(prefix) || Number(prefix) > bits) return undefined;
  const size = 1n << BigInt(bits - Number(prefix));
  const from = value - (value % size);
  return { bits, from, to: from + size - 1n };
}

function addressOf(text: string): Address | undefined {
  if (!text.includes(':')) {
    const value = v4Of(text);
    return value === undefined ? undefined : { bits: 32, value };
  }
  const value = v6Of(text);
  return value === undefined ? undefined : { bits: 128, value };
}

function v4Of(text: string): bigint | undefined {
  const parts = text.split('.');
  if (parts.length !== 4 || !parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256)) return undefined;
  return parts.reduce((sum, part) => sum * 256n + BigInt(part), 0n);
}

/** RFC 4291, section 2.2: groups of hex, `::` for zeros once, IPv4's form for the last two. */
function v6Of(text: string): bigint | undefined {
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map(groupsOf);
  if (head === undefined || (halves.length === 2 && tail === undefined)) return undefined;
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  return [...head, ...Array.from({ length: missing }, () => 0n), ...(tail ?? [])].reduce((sum, group) => (sum << 16n) + group, 0n);
}

function groupsOf(text: string): bigint[] | undefined {
  if (text === '') return [];
  const groups: bigint[] = [];
  for (const part of text.split(':')) {
    const v4 = part.includes('.') ? v4Of(part) : undefined;
    if (v4 !== undefined) groups.push(v4 >> 16n, v4 & 0xffffn);
    else if (/^[0-9A-Fa-f]{1,4}$/.test(part)) groups.push(BigInt(`0x${part}`));
    else return undefined;
  }
  return groups;
}
