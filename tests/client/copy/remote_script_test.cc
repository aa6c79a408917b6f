#include "client/copy/remote_script.h"

#include <cstdio>
#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "client/copy/sha256.h"

namespace passport::copy {
namespace {

const std::string kHash(64, 'a');

/// What sh prints for a script.
std::string run_in_sh(const std::string& folder, const std::string& script) {
  std::ofstream(folder + "/script") << script;
  FILE* pipe = ::popen(("cd '" + folder + "' && sh <script").c_str(), "r");
  std::string out;
  for (int c = 0; (c = std::fgetc(pipe)) != EOF;) out += static_cast<char>(c);
  ::pclose(pipe);
  return out;
}

class Folder {
 public:
  Folder() : path_(::testing::TempDir() + "copy-script.XXXXXX") { ::mkdtemp(path_.data()); }
  ~Folder() { std::filesystem::remove_all(path_); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

const std::string kNames[] = {"plain", "it's", "a b\n\tc", "-n",          "$(touch canary)",
                              "`x`",   "\\",   "*",        "\xc3\xa4\xff"};

TEST(HashScript, ARealShellTellsEachFilesHash) {
  const Folder folder;
  std::vector<HashWish> wishes;
  for (const auto& name : kNames) {
    std::ofstream(std::filesystem::path(folder.path()) / name) << name << name << "more";
    wishes.push_back({name, 2 * name.size()});
  }
  wishes.push_back({"nothing", 1});
  wishes.push_back({".", 1});
  const auto answer =
      parse_hash_answer(run_in_sh(folder.path(), render_hash_script(wishes)), wishes.size());
  ASSERT_TRUE(answer);
  EXPECT_TRUE(answer->can_hash);
  for (std::size_t i = 0; i < std::size(kNames); ++i)
    EXPECT_EQ(answer->hashes[i], sha256_hex(kNames[i] + kNames[i])) << kNames[i];
  EXPECT_EQ(answer->hashes[std::size(kNames)], std::nullopt);
  EXPECT_EQ(answer->hashes[std::size(kNames) + 1], std::nullopt);
  EXPECT_FALSE(std::filesystem::exists(folder.path() + "/canary"));
}

TEST(MoveScript, ARealShellMovesEachOverWhatIsThere) {
  const Folder folder;
  const auto at = [&](const std::string& name) {
    return std::filesystem::path(folder.path()) / name;
  };
  std::vector<Move> moves;
  for (const auto& name : kNames) {
    std::ofstream(at(name)) << "old";
    std::ofstream(at("new" + name)) << "new";
    moves.push_back({"new" + name, name});
  }
  std::filesystem::create_directory(at("folder"));
  std::ofstream(at("file")) << "x";
  moves.push_back({"file", "folder"});
  moves.push_back({"nothing", "else"});
  const auto moved =
      parse_move_answer(run_in_sh(folder.path(), render_move_script(moves)), moves.size());
  ASSERT_TRUE(moved);
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    EXPECT_TRUE((*moved)[i]) << kNames[i];
    std::string content;
    std::ifstream(at(kNames[i])) >> content;
    EXPECT_EQ(content, "new") << kNames[i];
  }
  EXPECT_FALSE((*moved)[std::size(kNames)]);
  EXPECT_FALSE((*moved)[std::size(kNames) + 1]);
  EXPECT_TRUE(std::filesystem::exists(at("file")));
  EXPECT_FALSE(std::filesystem::exists(at("canary")));
}

TEST(HashAnswer, IsReadStrictly) {
  const auto framed = [](const std::string& body) {
    return "Welcome!\npassport-begin\n" + body + "passport-end\n";
  };
  auto answer = parse_hash_answer(framed(kHash + "  -\n-\n"), 2);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->hashes, (std::vector<std::optional<std::string>>{kHash, std::nullopt}));
  answer = parse_hash_answer(framed("none\n"), 2);
  ASSERT_TRUE(answer);
  EXPECT_FALSE(answer->can_hash);
  EXPECT_EQ(answer->hashes.size(), 2u);
  answer = parse_hash_answer(framed(std::string(64, 'A') + " *stdin\n" + kHash + "a\n"), 2);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->hashes[0], std::nullopt);
  EXPECT_EQ(answer->hashes[1], std::nullopt);
  EXPECT_EQ(parse_hash_answer(framed(kHash + "\n"), 2), std::nullopt);
  EXPECT_EQ(parse_hash_answer("", 0), std::nullopt);
  EXPECT_EQ(parse_hash_answer("passport-begin\n" + kHash + "\n", 1), std::nullopt);
  EXPECT_EQ(parse_hash_answer("passport-end\n", 0), std::nullopt);
  EXPECT_EQ(parse_hash_answer("This account is not available.\n", 1), std::nullopt);
}

}  // namespace
}  // namespace passport::copy
