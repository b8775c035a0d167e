import { createHash } from 'node:crypto';
import { copyFile, cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import pc from 'picocolors';
import { UnsupportedError } from '../base/errors.ts';
import { locate } from '../encode/lanes/packaged.ts';
import { exportFolder } from './export-folder.ts';
import { bytes, plural, print, printJson, say } from './output.ts';

/** What the page consists of, from where it lies in the package. `files.json` lists all of it for the service worker. */
const OWN = ['assets', 'browser', 'models', 'icon.svg', 'index.html', 'service-worker.js', 'pdfjs.js', 'files.json'];

/**
 * `sagitta export --offline DIR`: a page that reads files which are dropped onto it, keeps them in the browser and searches in them, for any
 * web server with HTTPS (or on this machine); after the first visit it needs no network.
 */
export async function exportOffline(folder: string, json: boolean): Promise<void> {
  const page = packaged('offline/index.html');
  const worker = packaged('browser/worker.js');
  const weights = packaged('models/static.bin');
  const out = await exportFolder(folder, OWN);
  // Names of scripts say what is in them: those of another version would stay beside these.
  for (const name of OWN) await rm(join(out, name), { recursive: true, force: true });
  await cp(dirname(page), out, { recursive: true });
  await mkdir(join(out, 'browser'), { recursive: true });
  await copyFile(worker, join(out, 'browser', 'worker.js'));
  await cp(join(dirname(worker), 'parts'), join(out, 'browser', 'parts'), { recursive: true });
  await mkdir(join(out, 'models'), { recursive: true });
  await copyFile(weights, join(out, 'models', 'static.bin'));
  await copyFile(fileURLToPath(import.meta.resolve('unpdf/pdfjs')), join(out, 'pdfjs.js'));
  const listing = await listed(out);
  await writeFile(join(out, 'files.json'), JSON.stringify({ version: listing.version, files: listing.files }));
  if (json) return printJson({ files: listing.files.length, bytes: listing.bytes });
  print(
    `${pc.green('exported')} a page for files of one's own into ${folder}: ${plural(listing.files.length, 'file')}, ${bytes(listing.bytes)}`,
  );
  say('Put the folder on a web server with HTTPS; on this machine any will do, such as: npx http-server');
}

/** A file of the built package. @throws UnsupportedError among sources that are not built. */
function packaged(path: string): string {
  const url = locate(import.meta.url, `./${path}`, `../${path}`, `../../dist/${path}`);
  if (url !== undefined) return fileURLToPath(url);
  throw new UnsupportedError(`The page is not built (${path} is missing).`, 'Run `npm run build` first.');
}

/** The files of the page as addresses from it, and what tells this version of them from others. */
async function listed(out: string) {
  const hash = createHash('sha256');
  const files = ['./'];
  let size = 0;
  const entries = (await readdir(out, { recursive: true, withFileTypes: true })).filter((entry) => entry.isFile());
  const paths = entries.map((entry) => relative(out, join(entry.parentPath, entry.name)).split(sep).join('/')).sort();
  for (const path of paths) {
    if (path === 'files.json') continue;
    const content = await readFile(join(out, path));
    size += content.byteLength;
    hash.update(`${path} ${content.byteLength}\n`).update(content);
    // The browser itself looks after the service worker.
    if (path !== 'service-worker.js') files.push(`./${path}`);
  }
  return { version: hash.digest('hex').slice(0, 16), files, bytes: size };
}
