import { type BrowserContext, chromium } from 'playwright-core';

/** Chromium: `apt-get install chromium`, as `.ci/run` does it, or its path in SAGITTA_CHROMIUM. Tests are skipped where there is none. */
export const CHROMIUM = process.env['SAGITTA_CHROMIUM'] ?? '/usr/bin/chromium';

/** A browser without a window that asks nobody for anything by itself. @param profile a folder. */
export function launchChromium(
  profile: string,
  options: Parameters<typeof chromium.launchPersistentContext>[1] = {},
): Promise<BrowserContext> {
  return chromium.launchPersistentContext(profile, {
    executablePath: CHROMIUM,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
    ...options,
  });
}
