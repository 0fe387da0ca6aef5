/** The statistics of a view's connection. */
export interface IStats {
  /** Median of the last pings, in milliseconds; null before the first. */
  readonly roundTrip: number | null;
  /** The desktop's size in its own pixels; 0 before the first picture. */
  readonly width: number;
  readonly height: number;
  /** How many views of the desktop are open, this one included. */
  readonly views: number;
  /** Whether this view controls the desktop's size. */
  readonly controls: boolean;
  /** How the picture is sent now, in a word or two. */
  readonly quality: string;
}

/** The statistics before anything is known. */
export const NO_STATS: IStats = {
  roundTrip: null,
  width: 0,
  height: 0,
  views: 0,
  controls: false,
  quality: ''
};
