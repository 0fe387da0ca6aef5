import { LabIcon } from '@jupyterlab/ui-components';
import svgstr from '../style/icon.svg';

/** A dish in a monitor: launcher card, tab, and palette. */
export const desktopIcon = new LabIcon({ name: 'casa-desktop:icon', svgstr });
