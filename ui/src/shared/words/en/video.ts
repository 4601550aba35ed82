// What is said about pictures in calls: cameras, screens, and how they come, in English.

import type { CameraTrouble } from '../../../bridge/generated/CameraTrouble';
import type { ScreenTrouble } from '../../../bridge/generated/ScreenTrouble';

const cameraTroubles: Record<CameraTrouble, string> = {
  none: 'No camera is there. Plug one in, and it appears here by itself.',
  busy: 'Another program is using your camera. Close it there, then try again.',
  refused: 'Your system doesn’t let JUICE use the camera. Allow it in its privacy settings, then try again.',
  gone: 'Your camera is unplugged. Plug it in again, or choose another one.',
  broken: 'Your camera gives no picture. Unplug it and plug it in again, or choose another one.',
};

const screenTroubles: Record<ScreenTrouble, string> = {
  wayland:
    'You are signed in with Wayland, where JUICE can’t show your screen yet. To show it, sign out of your computer and choose “Xorg” or “X11” before you sign in again.',
  system: 'This system’s screen can’t be shown yet. Your camera can.',
};

export const video = {
  cameraTroubles,
  screenTroubles,

  // Placing and answering
  videoCall: 'Call with video',
  videoCallName: (name: string) => `Call ${name} with video`,
  videoNotThere: (name: string) => `${name} has no camera right now. You can call without.`,
  videoNotHere: 'You have no camera here. Plug one in, or call without.',
  incomingVideo: 'Video call',
  answerVideo: 'Answer with camera',
  answerVideoName: (name: string) => `Answer ${name} and show yourself`,
  answerVoice: 'Answer without camera',
  answerVoiceName: (name: string) => `Answer ${name} without showing yourself`,
  answerVideoHolding: (name: string) => `Answer with camera and hold ${name}`,
  answerVoiceHolding: (name: string) => `Answer without camera and hold ${name}`,
  answerSeeing: 'You have no camera here, but you see theirs.',
  incomingVideoKeys: 'Ctrl + Shift + A answers without camera, Ctrl + Shift + D declines',

  // What I show
  camera: 'Camera',
  cameraOn: 'Camera on',
  cameraHint: 'Show yourself',
  cameraOnHint: 'Turn your camera off',
  share: 'Share',
  sharing: 'Sharing',
  shareHint: 'Show your screen or a window',
  shareWhat: 'What do you want to share?',
  shareLooking: 'Looking for what can be shared …',
  shareTheseWindows: 'These windows can be shown here too:',
  shareScreen: 'The whole screen',
  shareScreenNamed: (name: string) => `The whole screen ${name}`,
  shareArea: 'An area of it…',
  areaTitle: 'Which area do you want to share?',
  areaIs: (width: number, height: number, x: number, y: number) =>
    `An area of ${width} × ${height} pixels, ${x} from the left and ${y} from the top`,
  areaKeys: 'Area: arrow keys move it, with Shift they change its size, with Ctrl by little',
  areaHint: 'Draw it, or pull its edges. Arrow keys move it, with Shift they change its size.',
  areaShare: 'Share this area',
  sharingHint: 'Show your screen no more',
  shareLater: 'You can show your screen once somebody has answered.',
  screenGone: 'What you share can’t be shown any more. Choose it again, or something else.',
  sharingWith: (name: string, what: string) => `You are sharing ${what} with ${name}`,
  sharedScreen: 'your screen',
  sharedArea: 'an area of your screen',
  sharedWindow: (title: string) => `“${title}”`,
  sharingStop: 'Stop sharing',
  noticeCameraUsed: (device: string) => `You are seen by «${device}» from here on.`,

  // What is seen
  pictures: 'Pictures of this call',
  pictureName: (name: string) => `${name}’s picture`,
  screenName: (name: string) => `${name}’s screen`,
  pictureComing: 'The picture is coming…',
  pictureStill: 'The picture stands still',
  toldCamera: (names: string) => `You see ${names}.`,
  toldScreen: (names: string, count: number) =>
    count === 1 ? `${names} shares the screen.` : `${names} share their screens.`,
  tileShares: 'shares the screen',
  tileMenu: (name: string) => `What you can do about ${name}`,
  fit: 'Show all of the picture',
  fill: 'Fill the frame',
  fullScreen: 'Full screen',
  fullScreenEnd: 'Leave full screen',
  foldPictures: 'Fold the pictures away',
  unfoldPictures: 'Show the pictures',
  small: 'Small window',
  smallOpen: 'Small window above all others',
  smallEnd: 'The pictures are in the small window. Bring them back',
  smallBack: 'Back to the call',
  smallClose: 'Close. In this call it won’t come by itself again.',
  snapshot: (name: string) => `Copy ${name}’s picture`,
  snapshotSave: (name: string) => `Save ${name}’s picture…`,
  snapshotSaved: (name: string) => `${name}’s picture is saved.`,
  snapshotNotSaved: 'The picture couldn’t be saved there. Choose another place.',
  snapshotDone: (name: string) => `${name}’s picture is copied. Paste it wherever you like.`,
  snapshotFailed: 'The picture couldn’t be copied. Bring this window to the front and try again.',
  mine: 'Your own picture',
  mineScreen: 'Your own screen',
  mineMove: (corner: string) => `Your own picture, ${corner}. Arrow keys move it.`,
  mineHide: 'Hide your own picture',
  mineShow: 'Show your own picture',
  corners: {
    topLeft: 'top left',
    topRight: 'top right',
    bottomLeft: 'bottom left',
    bottomRight: 'bottom right',
  },

  // How it is
  videoSmallFrom: (name: string) => `${name}’s picture is small because the line is narrow.`,
  videoSlowFrom: (name: string) => `${name}’s picture jerks because the line is narrow.`,
  videoStillFrom: (name: string) => `${name}’s picture waits: the line is narrow, and the voice goes first.`,
  videoSmallTo: (name: string) => `Your picture is small at ${name}’s because the line is narrow.`,
  videoSlowTo: (name: string) => `Your picture jerks at ${name}’s because the line is narrow.`,
  videoStillTo: 'Your picture waits: the line is narrow, and the voice goes first.',
  figureVideoFrom: (name: string) => `${name}’s picture`,
  figureVideoTo: 'Your picture',
  videoFigures: (size: string, fps: string, rate: string) => `${size}, ${fps}/s, ${rate}`,

  // Cameras
  cameraFirst: 'The first there is',
  cameraFirstNow: (name: string) => `First: ${name}`,
  cameraLoading: 'Looking for cameras…',
  cameraFailed: 'Cameras couldn’t be looked for.',
  firstVideo: 'This is how you’ll be seen',
  firstVideoHint: (name: string) =>
    `Your first call with video. Choose the camera that suits you; ${name} sees you only once you call.`,
  firstVideoCall: 'Call',
  preview: 'See yourself',
  previewStop: 'Turn off',
  previewHint: 'Only you see it. Nothing leaves this computer.',
  previewInCall: 'You can look at yourself when your call is over.',

  // Keyboard sheet
  keyFullScreen: 'Pictures of a call in full screen',
  keySmall: 'Pictures of a call in a small window',
};
