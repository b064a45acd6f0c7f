/** The roles of an incident and what each does, for the cards on screen. One person may hold several in a small incident. */
interface RoleCard {
  readonly role: string;
  readonly severalPeople: boolean;
  /** One sentence on why it is there. */
  readonly purpose: string;
  readonly duties: readonly string[];
  readonly notTheirs: string;
}

/** The one who decides; several readings of the log ask whether there was one. */
export const commanderRole = 'Incident commander';

export const roleCards: readonly RoleCard[] = [
  {
    role: commanderRole,
    severalPeople: false,
    purpose: 'Decides, and is the one place where the state of things is known.',
    duties: [
      'Say aloud that you command, and the SEV.',
      'Ask for conditions, actions and needs; decide; give each action to one named person with a time to report back.',
      'Mitigate before you understand.',
      'Keep the status updates on time.',
      'Hand over in words, and in the log, before you leave.',
    ],
    notTheirs: 'Does not debug.',
  },
  {
    role: 'Deputy',
    severalPeople: false,
    purpose: 'Keeps the commander free and is ready to take over.',
    duties: ['Watch the clocks: updates owed, reports promised.', 'Bring back what was forgotten.', 'Call in the people who are missing.'],
    notTheirs: 'Does not give orders of their own.',
  },
  {
    role: 'Scribe',
    severalPeople: false,
    purpose: 'Makes the log say what happened, when, and why it was decided.',
    duties: [
      'Note decisions, actions and what they changed, as they happen.',
      'Note who was asked for what.',
      'Set the time back when a note comes late.',
    ],
    notTheirs: 'Does not judge; the post-mortem does.',
  },
  {
    role: 'Subject matter expert',
    severalPeople: true,
    purpose: 'Knows one part well and repairs it.',
    duties: [
      'Report in three lines: condition of your part, action you propose, what you need for it.',
      'Act when the commander says so, and say when it is done.',
      'Say what could go wrong with it.',
    ],
    notTheirs: 'Does not change anything unannounced.',
  },
  {
    role: 'Customer liaison',
    severalPeople: false,
    purpose: 'Tells those outside, and brings back what they see.',
    duties: ['Write the public updates and have the commander agree to them.', 'Say what users see, not what broke.', 'Report what users say.'],
    notTheirs: 'Does not promise times that the commander has not given.',
  },
  {
    role: 'Internal liaison',
    severalPeople: false,
    purpose: 'Tells those inside, and keeps their questions off the channel.',
    duties: ['Pass on the updates.', 'Call in further people when the commander asks.', 'Collect questions and answer them between updates.'],
    notTheirs: 'Does not relay orders.',
  },
];

/** Whether several people may hold a role at once. A role of the user's own is held by one. */
export function severalPeople(role: string): boolean {
  return roleCards.some((card) => card.role === role && card.severalPeople);
}
