/** The version of the package, which discovery and the admin API report. A test holds it to package.json's. */
export const PACKAGE_VERSION = "0.1.0";
