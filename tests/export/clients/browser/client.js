// Runs every signature of model.tflite on the rows of cases.json, and posts what it answered.

import {loadAndCompile, loadLiteRt, Tensor} from '@litertjs/core';

const ARRAYS = {float32: Float32Array, int32: Int32Array, uint8: Uint8Array};

async function answer(model, signature, {rows, inputs}) {
  const runner = model.signatures[signature];
  const outputs = {};
  for (let row = 0; row < rows; row++) {
    const sent = {};
    for (const [name, {dtype, shape, values}] of Object.entries(inputs)) {
      sent[name] = new Tensor(new ARRAYS[dtype](values[row]), shape);
    }
    const answered = await runner.run(sent);
    for (const [name, tensor] of Object.entries(answered)) {
      (outputs[name] ??= []).push(Array.from(await tensor.data()));
      tensor.delete();
    }
    Object.values(sent).forEach((tensor) => tensor.delete());
  }
  return outputs;
}

async function main() {
  const {threads, cases} = await (await fetch('cases.json')).json();
  await loadLiteRt('/node_modules/@litertjs/core/wasm/', {threads});
  const model = await loadAndCompile('model.tflite', {accelerator: 'wasm'});
  const answers = {};
  for (const [signature, one] of Object.entries(cases)) {
    answers[signature] = await answer(model, signature, one);
  }
  return {signatures: Object.keys(model.signatures), isolated: crossOriginIsolated, answers};
}

const body = await main().catch((error) => ({error: `${error.message ?? error}\n${error.stack ?? ''}`}));
await fetch('answers', {method: 'POST', body: JSON.stringify(body)});
