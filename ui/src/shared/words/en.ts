// Every word on the screen, in English. The shape of this object is the dictionary every other language fills.

import type { ErrorCode } from '../../bridge/generated/ErrorCode';
import type { BuddyState } from '../../bridge/generated/BuddyState';
import type { Availability } from '../../bridge/generated/Availability';
import type { Waiting } from '../../bridge/generated/Waiting';
import { call } from './en/call';
import { group } from './en/group';
import { memo } from './en/memo';
import { talk } from './en/talk';
import { video } from './en/video';

const states: Record<BuddyState, string> = {
  here: 'Here',
  away: 'Away',
  busy: 'Busy',
  connecting: 'Connecting',
  reconnecting: 'Reconnecting',
  offline: 'Offline',
};

const availability: Record<Availability, string> = {
  here: 'Here',
  away: 'Away',
  busy: 'Busy',
  invisible: 'Invisible',
};

const availabilityHint: Record<Availability, string> = {
  here: 'Buddies see that you are here',
  away: 'Back in a while',
  busy: 'Here, but please not now',
  invisible: 'You look offline; messages wait',
};

const waiting: Record<Waiting, (name: string) => string> = {
  buddyOffline: (name) =>
    `${name}’s computer is off. The message waits here and goes out the moment ${name} is back.`,
  connecting: (name) => `The line to ${name} is being made. It goes out in a moment.`,
  turn: () => 'It waits for the messages before it and goes out right after them.',
  keyAlarm: (name) => `${name}’s key changed. Nothing goes out until you have compared safety numbers.`,
  notBuddies: (name) => `${name} has not said yes yet. The message waits here until then.`,
  invisible: (name) => `You are invisible. It goes out to ${name} when you show yourself again.`,
  mailboxFull: (name) =>
    `${name}’s mailbox is full. The message waits here and goes out when there is room, or when ${name} is back.`,
  noMailbox: (name) =>
    `${name} is away and hasn’t told this computer of a mailbox yet. It goes out the moment ${name} is back.`,
};

const errors: Record<ErrorCode, string> = {
  badName: 'A name has 1 to 32 letters, digits or signs, and no spaces.',
  nameTaken: 'Somebody already has this name. Try another one.',
  noSuchName: 'Nobody has this name here. Check the spelling.',
  weakPassword: 'Please use at least 8 characters.',
  wrongPassword: 'This password doesn’t fit. Check Caps Lock and try again.',
  tooManyTries: 'That was too many tries. Wait a few minutes, then try again.',
  badServerAddress:
    'This isn’t a server address. It looks like juice://example.org#… – copy it in one piece.',
  serverUnreachable: 'No answer from this server. Check the address and your connection, then try again.',
  serverImpostor:
    'Another server answers at this address than the one you asked for. Don’t go on; ask whoever gave you the address.',
  inviteNeeded: 'This server asks for a registration code. Whoever runs it can give you one.',
  registrationClosed: 'This server takes no new accounts. Ask whoever runs it, or use another server.',
  badInvite: 'This invite can’t be used: it is incomplete, used up, or too old. Ask for a fresh one.',
  yourself: 'That’s you. Type somebody else’s name.',
  alreadyAsked: 'You already asked. Now it’s their turn.',
  alreadyBuddies: 'You are buddies already.',
  unknown: 'This isn’t here any more.',
  badText: 'A message has between 1 and 16,000 characters. Split it in two.',
  tooLate: 'Too late, it is there already.',
  imageLimits: 'This picture is too large to be shown here, or of a kind that can’t be.',
  noSuchFile: 'This file isn’t there, or can’t be read. A folder can’t be sent.',
  signedOut: 'You are signed out. Sign in first.',
  profileInUse: 'JUICE is already open with this profile. Look for its other window.',
  profileCorrupt:
    'The files of this profile are damaged and can’t be opened. A backup of the folder helps if you have one.',
  profileTooNew: 'This profile was last used by a newer JUICE. Update this one to open it.',
  notSaved: 'It couldn’t be saved: the disk is full or failing. Free some space and try again.',
  keyChanged: 'Their key has just changed again. Compare the new number.',
  notReachable: 'They can’t be reached for a call right now. Write instead; it gets there.',
  noSound: 'No microphone or loudspeaker can be used here. Plug one in, or choose another.',
  noCamera: 'No camera can be used here. Plug one in, or choose another.',
  unplayable: 'This message is damaged and can’t be played.',
  inCall: 'There are calls enough. End one, then try again.',
  tooManyBuddies: 'A thousand buddies are the most. Remove someone first.',
  internal: 'JUICE made a mistake here. Try again; if it stays, restart JUICE.',
};

export const en = {
  ...talk,
  ...call,
  ...group,
  ...memo,
  ...video,
  tag: 'en',
  states,
  availability,
  availabilityHint,
  waiting,
  errors,

  // Common
  cancel: 'Cancel',
  close: 'Close',
  save: 'Save',
  back: 'Back',
  copy: 'Copy',
  copied: 'Copied',
  tryAgain: 'Try again',
  loading: 'Loading',
  cannotStart: 'JUICE can’t reach its own engine.',

  // First run and unlocking
  tagline: 'Your buddies, and nobody in between.',
  createTitle: 'Make your account',
  createHint: 'A name and a password, and you’re in.',
  signInTitle: 'Sign in',
  signInHint: 'Bring the account you have to this computer.',
  name: 'Name',
  namePlaceholder: 'What buddies call you',
  password: 'Password',
  passwordAgain: 'Password once more',
  passwordsDiffer: 'The two passwords are not the same.',
  showPassword: 'Show password',
  hidePassword: 'Hide password',
  server: 'Server',
  serverThisComputer: 'This computer',
  registrationCode: 'Registration code',
  passwordDoes: 'Your password locks your account and everything kept on this computer.',
  passwordNoReset: 'Nobody can reset it, not even the server. Write it down somewhere safe.',
  strength: ['Too short', 'Easy to guess', 'Could be longer', 'Good', 'Strong'] as string[],
  strengthLabel: 'Password strength',
  strengthTip: 'four words in a row work well',
  createSubmit: 'Create account',
  createWorking: 'Creating your account…',
  signInSubmit: 'Sign in',
  signInWorking: 'Signing in…',
  haveAccount: 'I have an account already',
  needAccount: 'I need a new account',
  welcomeBack: 'Welcome back',
  welcomeBackName: (name: string) => `Welcome back, ${name}`,
  stay: 'Keep me signed in on this computer',
  stayHint: 'In this computer’s keyring, until you sign out.',
  notKept: 'You’re signed in, but the keyring didn’t take your password. JUICE asks for it again next time.',
  unlockHint: 'Your password opens the messages kept on this computer.',
  unlockSubmit: 'Open',
  unlockWorking: 'Opening…',

  // Me
  myStatus: 'Your status',
  changeStatus: (name: string, state: string) => `${name}, ${state}. Change your status`,
  statusLine: 'Status line',
  statusPlaceholder: 'What are you up to?',

  // Buddy list
  buddies: 'Buddies',
  search: 'Search or add',
  clearSearch: 'Clear search',
  searchAdd: (name: string) => `Add «${name}»`,
  searchAddHint: 'Nobody like that in your list. Send a buddy request.',
  searchInvite: 'Follow this invite link',
  searchInviteHint: 'You’ll be buddies right away.',
  groupHere: 'Here',
  groupOffline: 'Offline',
  groupAsked: 'Waiting for an answer',
  groupBlocked: 'Blocked',
  groupFormer: 'Earlier buddies',
  groupCount: (here: number, all: number) => `${here} of ${all}`,
  canVoice: 'Has a microphone',
  canVideo: 'Has a camera',
  unread: (n: number) => (n === 1 ? '1 unread message' : `${n} unread messages`),
  requests: (n: number) => (n === 1 ? 'Wants to be your buddy' : `${n} want to be your buddies`),
  accept: 'Accept',
  decline: 'Decline',
  block: 'Block',
  unblock: 'Unblock',
  acceptName: (name: string) => `Accept ${name}`,
  declineName: (name: string) => `Decline ${name}`,
  blockName: (name: string) => `Block ${name}`,
  more: (name: string) => `More for ${name}`,
  message: 'Message',
  rename: 'Rename',
  verify: 'Compare safety number',
  remove: 'Remove',
  emptyTitle: 'Nobody here yet',
  emptyHint: 'Bring your first buddy in:',
  emptyByName: 'Add by name',
  emptyByNameHint: 'They are on this server',
  emptyByLink: 'Paste an invite link',
  emptyByLinkHint: 'Somebody sent you one',
  emptyInvite: 'Make an invite link',
  emptyInviteHint: 'Send it any way you like',

  // Adding
  addTitle: 'Add a buddy',
  addByName: 'By name',
  addByLink: 'By link',
  addInvite: 'Invite',
  addNameLabel: 'Their name on this server',
  addNote: 'A few words so they know it’s you',
  addNotePlaceholder: 'Hi, it’s me from…',
  addSubmit: 'Send request',
  addSent: (name: string) => `Asked ${name}. You’ll see them here when they say yes.`,
  addLinkLabel: 'Invite link',
  addLinkHint: 'It starts with juice:1: and works once. You’ll be buddies right away, verified.',
  addLinkSubmit: 'Become buddies',
  addLinkDone: 'You’re buddies now.',
  inviteHint: 'Whoever opens this link becomes your buddy, verified from the start. It works once.',
  inviteMake: 'Make an invite link',
  inviteLink: 'Your invite link',
  inviteQr: 'The invite link as a QR code',
  inviteExpires: (when: string) => `Good until ${when}.`,

  // Menu and dialogs about a buddy
  renameTitle: (name: string) => `Rename ${name}`,
  renameHint: (name: string) => `Only you see this. Leave it empty to go back to «${name}».`,
  renameLabel: 'Your name for them',
  removeTitle: (name: string) => `Remove ${name}?`,
  removeHint: 'You won’t see each other any more. Your conversation stays here.',
  blockTitle: (name: string) => `Block ${name}?`,
  blockHint: 'They see you as offline, and nothing they send reaches you. They are not told.',
  unblocked: (name: string) => `${name} is not blocked any more.`,
  verifyTitle: (name: string) => `Is it really ${name}?`,
  verifyHint: (name: string) =>
    `Call or meet ${name} and read these numbers to each other. If all twelve are the same, nobody sits in between.`,
  verifyMatch: 'They match',
  verifyNoMatch: 'If one differs, don’t write anything private, and ask them what changed.',
  verified: 'Verified',
  verifiedHint: 'You know this is really them',

  // Conversation
  conversation: (name: string) => `Conversation with ${name}`,
  pickTitle: 'Who do you want to talk to?',
  pickHint: 'Pick a buddy on the left.',
  pickKey: 'finds anyone',
  lastSeen: (when: string) => `Offline, last seen ${when}`,
  direct: 'direct',
  directHint: 'Straight from computer to computer',
  relayed: 'relayed',
  relayedHint: 'Through the server, sealed all the same',
  messages: 'Messages',
  you: 'You',
  today: 'Today',
  yesterday: 'Yesterday',
  yesterdayAt: (time: string) => `yesterday, ${time}`,
  newMessages: 'New',
  jump: 'Jump to the newest',
  jumpCount: (n: number) => (n === 1 ? '1 new message' : `${n} new messages`),
  typing: (name: string) => `${name} is typing`,
  sayHello: (name: string) => `This is the start with ${name}. Say hello.`,
  historyFailed: 'The messages couldn’t be read.',
  showAll: 'Show all',
  composer: (name: string) => `Write to ${name}`,
  composerHint: 'Enter sends, Shift + Enter starts a new line',
  send: 'Send',
  tooLong: (over: string) => `${over} characters too many`,
  closedFormer: (name: string) => `You and ${name} aren’t buddies any more.`,
  closedFormerDo: 'Ask again',
  closedBlocked: (name: string) => `You blocked ${name}.`,
  notYet: (name: string) => `${name} hasn’t answered yet. What you write waits here until then.`,
  offlineNote: (name: string) => `${name} is offline. What you write reaches them when they’re back.`,
  invisibleNote: 'You are invisible. What you write goes out when you show yourself.',
  keyAlarm: (name: string) => `${name}’s key changed`,
  keyAlarmHint: (name: string) =>
    `Maybe a new computer, maybe somebody else. Nothing goes out until you have checked with ${name}.`,
  keyAlarmDo: 'Compare',

  // Delivery
  deliveryLabel: (what: string) => `${what}. Details`,
  queued: 'Waiting',
  sent: 'On its way',
  sentHint: (route: string) => `It left this computer (${route}) and hasn’t been confirmed yet.`,
  delivered: 'Arrived',
  deliveredHint: (name: string, when: string) => `On ${name}’s computer since ${when}.`,
  read: 'Read',
  readHint: (name: string, when: string) => `${name} saw it ${when}.`,
  refused: 'Not taken',
  refusedHint: (name: string) => `${name}’s computer wouldn’t take this message. You can send it again.`,
  cancelled: 'Taken back',
  cancelledHint: (name: string) => `You took it back in time. ${name} never got it.`,
  cancelMessage: 'Don’t send it',

  // Server
  serverConnecting: 'Connecting to the server…',
  serverOffline: (linked: number, all: number) =>
    linked === 0
      ? 'Can’t reach the server. Trying again…'
      : `Can’t reach the server; you still talk with ${linked} of ${all}.`,
  serverSuperseded: 'Your account is open on another computer, so this one went offline.',
  useHere: 'Use here again',
  useHereHint: 'Your password brings this computer back; the other one goes offline.',

  // Notices
  noticeNotSaved: (name: string) =>
    `Your message to ${name} couldn’t be saved. It’s back where you typed it.`,
  noticeEquivocation: (name: string) =>
    `${name}’s computer sent two different messages in one place. The first one stays.`,
  noticeForkedKeys: (name: string) =>
    `Different people were shown different keys for ${name}. Compare safety numbers before you trust this line.`,
  noticeKeyChanged: (name: string) => `${name}’s key changed. Compare safety numbers before you go on.`,
  noticeSuperseded: 'You signed in on another computer. This one has gone offline.',
  noticeAccepted: (name: string) => `${name} said yes. You’re buddies!`,
  noticeHidden: 'JUICE keeps running in the tray, so messages still reach you. Quit it there.',
  notices: 'Notices',
  dismiss: 'Dismiss',

  // Menu
  menu: 'Menu',
  changePassword: 'Change password',
  oldPassword: 'Current password',
  newPassword: 'New password',
  passwordChanged: 'Your password is changed.',
  passwordChangeHint: 'From here on the new one opens your account, on every computer.',
  theme: 'Look',
  themeSystem: 'System',
  themeLight: 'Light',
  themeDark: 'Dark',
  sounds: 'Sounds',
  shortcuts: 'Keyboard',
  about: 'About JUICE',
  aboutText:
    'Messages go straight from computer to computer, sealed so that only the two of you can read them.',
  aboutMe: 'Your name',
  aboutServer: 'Your server',
  signOut: 'Sign out',
  quit: 'Quit',

  // Keyboard sheet
  keySearch: 'Search or add',
  keyMove: 'Move through the list',
  keyOpen: 'Open the conversation',
  keyMenu: 'Menu of a buddy',
  keyBack: 'Back',
  keyNext: 'Next conversation',
  keyPane: 'Between list and conversation',
  keySend: 'Send',
  keyBreak: 'New line',
  keySheet: 'This sheet',
  keyQuit: 'Quit JUICE',
};
