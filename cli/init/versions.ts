/** What a new project installs. A test holds the versions to those that this repository is tested with. */
export const VERSIONS = {
  "@types/node": "24.19.2",
  ai: "7.0.173",
  "aws-cdk": "2.1148.1",
  "aws-cdk-lib": "2.276.0",
  constructs: "10.8.1",
  oxlint: "1.89.0",
  typescript: "7.0.2",
  vitest: "5.1.1",
  zod: "4.6.7",
} as const;

export type Dependency = keyof typeof VERSIONS;
