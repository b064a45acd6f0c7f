import { readStored, writeStored } from '../ui/stored.ts';

/** Who sits here. The name is asked for once, when it is first needed, and written beside every act. */
export class Person {
  name = $state(readStored('person') ?? '');
  /** Set while the name is being asked for. */
  asking = $state.raw<((name: string | undefined) => void) | undefined>();

  set(name: string): void {
    this.name = name.trim().slice(0, 100);
    writeStored('person', this.name);
  }

  /** The name; undefined when the person would not say. */
  ask(): Promise<string | undefined> {
    if (this.name !== '') return Promise.resolve(this.name);
    this.asking?.(undefined);
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    this.asking = (name) => {
      this.asking = undefined;
      if (name !== undefined) this.set(name);
      resolve(name === undefined ? undefined : this.name);
    };
    return promise;
  }
}
