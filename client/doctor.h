// passport-diagnostics doctor: what is wrong between this user and an instance.
#pragma once
#include <functional>

#include "client/exam.h"

namespace passport::client {

/// Runs the checks for `exam.wish`; `tell` gets each finding in order. Without a passportd, and
/// with AWS credentials, exam.wish.aws is set.
Findings examine(Exam& exam, const std::function<void(const Finding&)>& tell);

/// The exit status; findings go to standard output, as they come or as JSON.
int run_doctor(DoctorWish wish, bool as_json, bool colour);

}  // namespace passport::client
