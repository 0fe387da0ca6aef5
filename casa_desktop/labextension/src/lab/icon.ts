import { launchIcon, LabIcon } from '@jupyterlab/ui-components';
import svgstr from '../../style/icon.svg';

/** A dish in a monitor: launcher card, tab, and palette. */
export const desktopIcon = new LabIcon({ name: 'casa-desktop:icon', svgstr });

/** The SVG of the button that moves a desktop to its own browser tab. */
export const moveSvg = launchIcon.svgstr;
