// npm's @midlandsbank/node-nacha reads our bank files: every credit is found as it was asked for.
//
// Usage: node read_ach.mjs FOLDER

import { readdirSync, readFileSync } from "node:fs";
import nacha from "@midlandsbank/node-nacha";

const folder = process.argv[2];
const files = readdirSync(folder).filter((name) => name.endsWith(".ach")).sort();
let credits = 0;

function found(batch, entry) {
  // It calls the payee so in every class.
  const name = entry.receivingCompanyName;
  const routing = String(entry.receivingDFIIdentification).padStart(8, "0") + entry.checkDigit;
  const memo = entry.addenda === undefined ? null : entry.addenda.info;
  return [batch.entryClassCode, entry.transactionCode, routing, entry.dfiAccount, entry.amount, name, memo];
}

function asked(credit) {
  const memo = credit.memo === null ? null : `RMR*IV*${credit.memo}**${credit.amount}\\`;
  return [credit.class, credit.code, credit.routing, credit.account, credit.cents, credit.name, memo];
}

for (const file of files) {
  const path = `${folder}/${file}`;
  const told = JSON.parse(readFileSync(path.replace(/ach$/, "json"), "utf8"));
  const read = nacha.from({ format: "ach", source: readFileSync(path, "ascii") }).data;
  const entries = read.batches.flatMap((batch) => batch.entries.map((entry) => found(batch, entry)));
  const given = entries.filter((entry) => !["27", "37"].includes(entry[1]));
  const wanted = told.credits.map(asked);
  if (JSON.stringify(given) !== JSON.stringify(wanted)) {
    throw new Error(`${path}: ${JSON.stringify(given)}, not ${JSON.stringify(wanted)}`);
  }
  if (read.file.footer.totalCredit !== told.sum) throw new Error(`${path}: another sum than beside it`);
  credits += given.length;
}
if (files.length === 0) throw new Error("there is no file");
console.log(`node-nacha: ${files.length} files read, ${credits} credits as asked for`);
