/** A file on this machine, and where it lay below what was dropped or chosen. */
export interface PickedFile {
  readonly path: string;
  readonly file: File;
}

/** The files of a file dialog; those of a folder by their path in it. */
export function chosenFiles(list: FileList): PickedFile[] {
  return [...list].map((file) => ({ path: file.webkitRelativePath === '' ? file.name : file.webkitRelativePath, file }));
}

/** The files that were dropped, folders opened, in order of path. */
export async function droppedFiles(items: DataTransferItemList): Promise<PickedFile[]> {
  // Entries and files can be had only while the drop is handled.
  const dropped = [...items].filter((item) => item.kind === 'file').map((item) => ({ entry: item.webkitGetAsEntry(), file: item.getAsFile() }));
  const found: PickedFile[] = [];
  for (const { entry, file } of dropped) {
    if (entry !== null) await gather(entry, '', found);
    else if (file !== null) found.push({ path: file.name, file });
  }
  return found.sort((a, b) => (a.path < b.path ? -1 : 1));
}

async function gather(entry: FileSystemEntry, above: string, found: PickedFile[]): Promise<void> {
  const path = `${above}${entry.name}`;
  if (entry.isFile) {
    const file = await new Promise<File>((done, fail) => (entry as FileSystemFileEntry).file(done, fail));
    found.push({ path, file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A reader answers in parts, and with none at its end.
    const part = await new Promise<FileSystemEntry[]>((done, fail) => reader.readEntries(done, fail));
    if (part.length === 0) return;
    for (const one of part) await gather(one, `${path}/`, found);
  }
}

/** A name for a new case out of what was dropped. */
export function suggestedName(files: readonly PickedFile[], taken: readonly string[]): string {
  const first = files[0]?.path ?? 'case';
  const stem = (first.includes('/') ? first.slice(0, first.indexOf('/')) : first.replace(/(\.[a-z0-9]{1,8})+$/i, ''))
    .replace(/[^a-z0-9._-]+/gi, '-')
    .replace(/^[^a-z0-9]+/i, '')
    .slice(0, 48);
  const base = stem === '' || stem === 'live' ? 'case' : stem;
  if (!taken.includes(base)) return base;
  for (let i = 2; ; i++) if (!taken.includes(`${base}-${i}`)) return `${base}-${i}`;
}
