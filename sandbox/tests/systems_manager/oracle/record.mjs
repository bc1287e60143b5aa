// Records what AWS's own simulator of documents does with the flows of flows.json: which steps it
// calls, in which order and how often. `npm install @cdklabs/cdk-ssm-documents aws-cdk-lib
// constructs` somewhere, then there: node …/record.mjs <this folder>
import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.cwd(), "here.js"));
const { App, Stack } = require("aws-cdk-lib");
const ssm = require("@cdklabs/cdk-ssm-documents");
const folder = process.argv[2];
console.log = () => {}; // the simulator tells of each step

function onFailure(way) {
  if (way === undefined) return ssm.OnFailure.abort();
  if (way === "Continue") return ssm.OnFailure.continue();
  return ssm.OnFailure.invokeStepByName(way.replace("step:", ""));
}

function simulated(flow) {
  const stack = new Stack(new App(), "Flows");
  const document = new ssm.AutomationDocument(stack, "Flow", { docInputs: [] });
  for (const step of flow.steps) {
    document.addStep(
      new ssm.AwsApiStep(stack, step.name, {
        name: step.name,
        service: ssm.AwsService.SQS,
        pascalCaseApi: "GetQueueUrl",
        apiParams: { QueueName: step.name },
        outputs: [],
        onFailure: onFailure(step.onFailure),
        explicitNextStep: step.nextStep && ssm.StepRef.fromName(step.nextStep),
        ...(step.isEnd && { isEnd: true }),
        ...(step.maxAttempts && { maxAttempts: step.maxAttempts }),
      }),
    );
  }
  const calls = [];
  const left = { ...flow.fails };
  const awsInvoker = {
    invoke({ awsParams }) {
      calls.push(awsParams.QueueName);
      if (left[awsParams.QueueName]-- > 0) throw new Error("as asked for");
      return {};
    },
  };
  const result = ssm.Simulation.ofAutomation(document, { awsInvoker }).simulate({});
  return { calls, succeeded: result.responseCode === ssm.ResponseCode.SUCCESS };
}

const flows = JSON.parse(readFileSync(join(folder, "flows.json"), "utf-8"));
const recorded = Object.fromEntries(flows.map((flow) => [flow.title, simulated(flow)]));
const version = require("@cdklabs/cdk-ssm-documents/package.json").version;
writeFileSync(
  join(folder, "recorded.json"),
  JSON.stringify({ "@cdklabs/cdk-ssm-documents": version, flows: recorded }, null, 2) + "\n",
);
