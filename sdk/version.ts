/** The version of the package, which discovery reports. A test holds it to package.json's. */
export const SDK_VERSION = "0.1.0";
