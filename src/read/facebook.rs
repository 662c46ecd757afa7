//! What Facebook's crash reporter adds on Android, as far as it is text.
//!
//! Nobody documents these streams. Their numbers and names are LLVM's, which shows these as text and the others
//! (`FacebookBuildID`, `FacebookUnwindSymbols`) as numbers. In LLVM's sample file each text ends with a NUL, which counts.

text_streams! {
    /// The log of Android.
    FacebookLogcat(FACEBOOK_LOGCAT);
    /// Data of the application; JSON in LLVM's sample file.
    FacebookAppCustomData(FACEBOOK_APP_CUSTOM_DATA);
    /// The version of the application.
    FacebookAppVersionName(FACEBOOK_APP_VERSION_NAME);
    /// The stack of Java.
    FacebookJavaStack(FACEBOOK_JAVA_STACK);
    /// The state of Android's virtual machine.
    FacebookDalvikInfo(FACEBOOK_DALVIK_INFO);
    /// What went wrong while the dump was written.
    FacebookDumpErrorLog(FACEBOOK_DUMP_ERROR_LOG);
    /// The states that the application went through.
    FacebookAppStateLog(FACEBOOK_APP_STATE_LOG);
    /// Why the program stopped itself.
    FacebookAbortReason(FACEBOOK_ABORT_REASON);
    /// The name of the thread.
    FacebookThreadName(FACEBOOK_THREAD_NAME);
}
