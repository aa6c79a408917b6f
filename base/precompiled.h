// What most pure files parse, compiled once where the build allows it. Include what you use all
// the same: nothing needs this file.
#pragma once
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include "base/json.h"
