import { launchIcon, LabIcon } from '@jupyterlab/ui-components';
import svgstr from '../../style/icon.svg';

/** A dish in a monitor: launcher card, tab, and palette. */
export const desktopIcon = new LabIcon({ name: 'casa-desktop:icon', svgstr });

/** A sheet that is played behind another one. */
export const backgroundIcon = new LabIcon({
  name: 'casa-desktop:background',
  svgstr:
    '<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24"><path class="jp-icon3" fill="#616161" fill-rule="evenodd" d="M3 3h13v2H5v11H3zM8 8h13v13H8zm4 3v7l6-3.5z"/></svg>'
});

/** The SVG of the button that moves a desktop to its own browser tab. */
export const moveSvg = launchIcon.svgstr;
