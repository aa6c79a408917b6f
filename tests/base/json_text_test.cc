#include "base/json_text.h"

#include <gtest/gtest.h>

namespace passport {
namespace {

TEST(JsonText, ShowsNothingThatATerminalHeeds) {
  const json::value harmless = {{"name", "Gr\u00fc\u00dfe \u2713 \U0001f680 \"x\"\\"},
                                {"n", {1, nullptr, true}}};
  EXPECT_EQ(
      render_json(harmless),
      "{\"name\":\"Gr\u00fc\u00dfe \u2713 \U0001f680 \\\"x\\\"\\\\\",\"n\":[1,null,true]}");
  const std::string bad = "\x1b[1m\n\x7f\u0080\u009b\u061c\u200e\u2028\u202e\u2066\ufeff";
  const json::value harmful = {{bad, json::array{bad}}};
  const auto text = render_json(harmful);
  const std::string escaped =
      R"("\u001b[1m\n\u007f\u0080\u009b\u061c\u200e\u2028\u202e\u2066\ufeff")";
  EXPECT_EQ(text, "{" + escaped + ":[" + escaped + "]}");
  EXPECT_EQ(json::value(parse_json_object(text, "text").value()), harmful);
}

TEST(JsonText, IsUtf8WhateverItIsMadeOf) {
  EXPECT_EQ(render_json("a\x9b"
                        "1m\xc3"),
            R"("a\ufffd1m\ufffd")");
}

}  // namespace
}  // namespace passport
