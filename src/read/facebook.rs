//! Text streams that Facebook's crash reporter writes on Android.
//!
//! These streams are undocumented. Their numbers and names are from LLVM, which treats these as text and the others
//! (`FacebookBuildID`, `FacebookUnwindSymbols`) as binary data. In LLVM's sample file each text ends with a NUL, which
//! is part of it.

text_streams! {
    /// The Android log.
    FacebookLogcat(FACEBOOK_LOGCAT);
    /// Data of the application; JSON in LLVM's sample file.
    FacebookAppCustomData(FACEBOOK_APP_CUSTOM_DATA);
    /// The version of the application.
    FacebookAppVersionName(FACEBOOK_APP_VERSION_NAME);
    /// The Java stack.
    FacebookJavaStack(FACEBOOK_JAVA_STACK);
    /// The state of Android's virtual machine.
    FacebookDalvikInfo(FACEBOOK_DALVIK_INFO);
    /// Errors that occurred while the dump was written.
    FacebookDumpErrorLog(FACEBOOK_DUMP_ERROR_LOG);
    /// The states that the application went through.
    FacebookAppStateLog(FACEBOOK_APP_STATE_LOG);
    /// Why the application aborted.
    FacebookAbortReason(FACEBOOK_ABORT_REASON);
    /// The name of the thread.
    FacebookThreadName(FACEBOOK_THREAD_NAME);
}
