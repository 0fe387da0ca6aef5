/**
 * The numbers of RFB's encodings that we use, as the community
 * specification (github.com/rfbproto/rfbproto) and TigerVNC 1.12 have them.
 */
export const RAW = 0;
export const COPY_RECT = 1;
export const TIGHT = 7;

export const DESKTOP_SIZE = -223;
export const LAST_RECT = -224;
export const CURSOR = -239;
/** Not sent by TigerVNC, and of a number as if it were no picture. */
export const TIGHT_PNG = -260;
export const QEMU_KEY = -258;
export const QEMU_LED = -261;
export const DESKTOP_NAME = -307;
export const EXTENDED_DESKTOP_SIZE = -308;
export const XVP = -309;
export const FENCE = -312;
export const CONTINUOUS_UPDATES = -313;
export const EXTENDED_MOUSE = -316;
export const EXTENDED_CLIPBOARD = 0xc0a1e5ce - 2 ** 32;
export const VMWARE_CURSOR = 0x574d5664;

/** What is passed on of that which noVNC announces, in its order. */
export const NOVNC: readonly number[] = [
  TIGHT_PNG,
  DESKTOP_SIZE,
  LAST_RECT,
  QEMU_KEY,
  QEMU_LED,
  EXTENDED_DESKTOP_SIZE,
  XVP,
  FENCE,
  CONTINUOUS_UPDATES,
  DESKTOP_NAME,
  EXTENDED_CLIPBOARD,
  EXTENDED_MOUSE,
  VMWARE_CURSOR,
  CURSOR
];

/** How a picture is encoded. */
export interface IEncoding {
  /** JPEG's quality from 1 to 100; null: without any loss. */
  readonly jpeg: number | null;
  /** How many pixels share one colour in JPEG. */
  readonly sharing: 1 | 2 | 4;
  /** zlib's effort, from 0 (none) to 9. */
  readonly effort: number;
}

// Of noVNC's encodings these are asked for, and no others: TigerVNC sends only
// these when Tight is preferred, and a stream with them alone can be followed.
const PICTURES = [COPY_RECT, TIGHT, RAW];

const COMPRESSION_0 = -256;
const QUALITY_9 = -23;
const FINE_QUALITY_0 = -512;
const SUBSAMPLING = { 1: -768, 2: -766, 4: -767 };

/** Whether to pass on an encoding of noVNC's: no pictures, no qualities. */
function isPassedOn(encoding: number): boolean {
  const isQuality = encoding >= -32 && encoding <= QUALITY_9;
  const isCompression = encoding >= COMPRESSION_0 && encoding <= -247;
  const isPicture = encoding >= 0 && encoding !== VMWARE_CURSOR;
  return !isQuality && !isCompression && !isPicture;
}

/**
 * The encodings to announce in the place of noVNC's.
 *
 * With any of JPEG's pseudo-encodings TigerVNC takes JPEG for colourful areas;
 * without them it never does. Areas that it sent with quality 9 count as
 * lossless, so it does not refresh them by itself with JPEG of quality 9, which
 * is not lossless; the fine quality trumps that 9 (TightJPEGEncoder.cxx,
 * EncodeManager.cxx). The refreshing is ours, and without loss.
 */
export function announced(
  novnc: readonly number[],
  { jpeg, sharing, effort }: IEncoding
): number[] {
  const quality =
    jpeg === null
      ? []
      : [QUALITY_9, FINE_QUALITY_0 + jpeg, SUBSAMPLING[sharing]];
  return [
    ...PICTURES,
    ...novnc.filter(isPassedOn),
    COMPRESSION_0 + effort,
    ...quality
  ];
}
