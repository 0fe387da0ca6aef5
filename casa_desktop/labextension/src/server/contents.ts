import { base64 } from '../dom.js';
import type { IServer } from './api.js';
import { freeName, pathIn, pieces, quoted } from './uploadnames.js';

/** A file could not be uploaded; `message` is the reason. */
export class UploadFailed extends Error {}

/**
 * Put a file into a folder of the server through Jupyter's contents API.
 *
 * No file is overwritten: a name that is taken gets a number.
 *
 * @param folder a path of the contents API, '' for its root.
 * @param progress called with the fraction that is done, from 0 to 1.
 * @returns the path at which the file is now.
 * @throws UploadFailed with a sentence for the user.
 */
export async function uploadInto(
  server: IServer,
  folder: string,
  file: File,
  progress: (fraction: number) => void
): Promise<string> {
  const name = freeName(file.name, await namesIn(server, folder));
  const path = pathIn(folder, name);
  const parts = pieces(file.size);
  for (const [index, [begin, end]] of parts.entries()) {
    const content = await base64(file.slice(begin, end)).catch(() => {
      throw new UploadFailed('The browser cannot read the file.');
    });
    // A file in one piece has no chunk number; the last of several pieces has -1.
    const last = index === parts.length - 1;
    const chunk = parts.length === 1 ? {} : { chunk: last ? -1 : index + 1 };
    const model = { name, path, type: 'file', format: 'base64', content };
    await put(server, path, { ...model, ...chunk });
    progress(file.size ? end / file.size : 1);
  }
  return path;
}

async function namesIn(server: IServer, folder: string): Promise<Set<string>> {
  const url = `${quoted(pathIn(folder, ''))}?content=1&type=directory`;
  const response = await ask(server, url, { method: 'GET' });
  const { content } = (await response.json()) as {
    content?: { name: string }[];
  };
  return new Set(content?.map(({ name }) => name));
}

async function put(
  server: IServer,
  path: string,
  model: unknown
): Promise<void> {
  await ask(server, quoted(path), {
    method: 'PUT',
    body: JSON.stringify(model),
    headers: { 'Content-Type': 'application/json' }
  });
}

async function ask(
  server: IServer,
  path: string,
  init: RequestInit
): Promise<Response> {
  const response = await server
    .request(`${server.baseUrl}api/contents/${path}`, init)
    .catch(() => {
      throw new UploadFailed('The server cannot be reached.');
    });
  if (!response.ok) {
    throw new UploadFailed(sentence(response.status, await said(response)));
  }
  return response;
}

async function said(response: Response): Promise<string> {
  const body: unknown = await response.json().catch(() => null);
  const message = (body as { message?: unknown } | null)?.message;
  return typeof message === 'string' ? message : '';
}

function sentence(status: number, message: string): string {
  if (/No space left|Disk quota exceeded/.test(message)) {
    return 'The disk of the server is full.';
  }
  switch (status) {
    case 401:
    case 403:
      return /switched off/.test(message)
        ? message
        : 'The server does not let you write there.';
    case 404:
      return 'There is no such folder on the server.';
    case 413:
      return 'The server refuses files of this size.';
    default:
      return message || `The server answered with status ${status}.`;
  }
}
