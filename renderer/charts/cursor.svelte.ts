/** The time under the pointer, shared by the charts that are shown together. */
export class Cursor {
  timeMs = $state<number>();
}
