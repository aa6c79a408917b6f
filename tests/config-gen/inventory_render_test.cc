// What Ansible is told: the groups, the connection, and that nothing from outside is evaluated.
#include "config-gen/inventory_render.h"

#include <filesystem>
#include <random>
#include <set>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/wire/ssh/keygen.h"

namespace passport::config_gen {
namespace {

InventoryPlan make_plan() {
  InventoryPlan out;
  api::Access access{"ar-0123456789abcdef", "rs-0a1b", 1'700'000'000, {}};
  access.account = "123456789012";
  access.region = "eu-west-1";
  access.hosts = {{"i-0123456789abcdef0", {}, "web 1", "Linux", {{"Role", "web"}}},
                  {"mi-0123456789abcdef0"}};
  out.accesses = {access};
  out.ssh_config = "/run/it's/ssh_config";
  return out;
}

std::set<std::string> group_names(const json::object& inventory) {
  std::set<std::string> out;
  for (const auto& entry : inventory)
    if (entry.key() != "_meta") out.emplace(entry.key());
  return out;
}

std::string hosts_of(const json::object& inventory, std::string_view group) {
  const auto* found = find_object(inventory, group);
  const auto* hosts = found != nullptr ? find_array(*found, "hosts") : nullptr;
  return hosts != nullptr ? json::serialize(*hosts) : "none";
}

TEST(Inventory, SaysWhereAHostIsAndWhatItIs) {
  const auto inventory = render_inventory(make_plan());
  const json::object expected = {
      {"ansible_connection", "ssh"},
      {"ansible_host", "i-0123456789abcdef0"},
      {"ansible_user", "rs-0a1b"},
      {"ansible_ssh_common_args", {{"__ansible_unsafe", "-F '/run/it'\\''s/ssh_config'"}}},
      {"ansible_ssh_args", ""},
      {"ansible_ssh_host_key_checking", true},
      {"ansible_ssh_pipelining", true},
      {"ansible_ssh_timeout", 200},
      {"ansible_ssh_transfer_method", "sftp"},
      {"passport_account", {{"__ansible_unsafe", "123456789012"}}},
      {"passport_ends_at", 1'700'000'000},
      {"passport_name", {{"__ansible_unsafe", "web 1"}}},
      {"passport_platform", {{"__ansible_unsafe", "Linux"}}},
      {"passport_region", {{"__ansible_unsafe", "eu-west-1"}}},
      {"passport_request", "ar-0123456789abcdef"},
      {"passport_tags", {{"Role", {{"__ansible_unsafe", "web"}}}}}};
  EXPECT_EQ(*find_host_variables(inventory, "i-0123456789abcdef0"), expected);
  EXPECT_EQ(find_host_variables(inventory, "i-0123456789abcdef1"), nullptr);
}

TEST(Inventory, GroupsByWhatIsKnown) {
  auto plan = make_plan();
  const std::set<std::string> usual = {"account_123456789012", "passport", "platform_linux",
                                       "region_eu_west_1", "request_ar_0123456789abcdef"};
  auto inventory = render_inventory(plan);
  EXPECT_EQ(group_names(inventory), usual);
  EXPECT_EQ(hosts_of(inventory, "passport"),
            R"(["i-0123456789abcdef0","mi-0123456789abcdef0"])");
  EXPECT_EQ(hosts_of(inventory, "platform_linux"), R"(["i-0123456789abcdef0"])");
  plan.tag_keys = {"Role", "Name", "Role", "Team"};
  inventory = render_inventory(plan);
  EXPECT_EQ(hosts_of(inventory, "tag_Role_web"), R"(["i-0123456789abcdef0"])");
  EXPECT_EQ(hosts_of(inventory, "tag_Name_web_1"), R"(["i-0123456789abcdef0"])");
  EXPECT_EQ(inventory.size(), usual.size() + 3);
}

TEST(Inventory, AHostOfTwoRequestsIsOfTheOneThatEndsLast) {
  auto plan = make_plan();
  plan.accesses.push_back(plan.accesses[0]);
  plan.accesses[1].request = "ar-1";
  plan.accesses[1].user = "rs-later";
  plan.accesses[1].ends_at += 1;
  const auto inventory = render_inventory(plan);
  const auto& host = *find_host_variables(inventory, "i-0123456789abcdef0");
  EXPECT_EQ(find_string(host, "ansible_user"), "rs-later");
  EXPECT_EQ(find_string(host, "passport_request"), "ar-1");
  EXPECT_EQ(hosts_of(inventory, "request_ar_1"), hosts_of(inventory, "passport"));
  EXPECT_EQ(hosts_of(inventory, "request_ar_0123456789abcdef"),
            hosts_of(inventory, "passport"));
}

TEST(Inventory, DifferentThingsNeverShareAGroup) {
  auto plan = make_plan();
  auto& hosts = plan.accesses[0].hosts;
  hosts.clear();
  const std::string digest(32, 'a');
  const std::vector<std::pair<std::string, std::string>> tags = {{"Role", "web server"},
                                                                 {"Role", "web-server"},
                                                                 {"Role", "web_server"},
                                                                 {"Role", "db"},
                                                                 {"a_b", "c"},
                                                                 {"a", "b_c"},
                                                                 {"Role", ""},
                                                                 {"Role", "x_" + digest},
                                                                 {"Role", "caf\xc3\xa9"},
                                                                 {"Role", "caf__"}};
  for (std::size_t i = 0; i < tags.size(); ++i)
    hosts.push_back({fmt::format("i-{:08}", i), {}, "", "", {tags[i]}});
  plan.tag_keys = {"Role", "a", "a_b"};
  const auto inventory = render_inventory(plan);
  std::set<std::string> names;
  int digested = 0;
  for (const auto& name : group_names(inventory)) {
    if (!name.starts_with("tag_")) continue;
    names.insert(name);
    const auto* group = find_object(inventory, name);
    EXPECT_EQ(find_array(*group, "hosts")->size(), 1U) << name;
    digested += name.size() > 33 && name[name.size() - 33] == '_' ? 1 : 0;
  }
  EXPECT_EQ(names.size(), tags.size());
  EXPECT_EQ(digested, 8);
  EXPECT_EQ(hosts_of(inventory, "tag_Role_db"), R"(["i-00000003"])");
  EXPECT_EQ(hosts_of(inventory, "tag_Role_web_server"), "none");
  EXPECT_EQ(hosts_of(inventory, "tag_Role_"), R"(["i-00000006"])");
  // As long as it is alone a name is plain, whoever else has a host.
  hosts.resize(1);
  EXPECT_EQ(hosts_of(render_inventory(plan), "tag_Role_web_server"), R"(["i-00000000"])");
}

TEST(Inventory, TheFileRunsItWithItsWords) {
  EXPECT_EQ(render_inventory_file({"/opt/it's/passport-inventory", "--group-by-tag=a $(id)"}),
            "#!/bin/sh\n# Written by passport-inventory --path, for ansible -i.\n"
            "exec '/opt/it'\\''s/passport-inventory' '--group-by-tag=a $(id)' \"$@\"\n");
}

/// Names and tags of the worst kind.
class Hostile {
 public:
  Hostile() : seed_(std::random_device{}()), random_(seed_) {}
  std::string seed() const { return "seed " + std::to_string(seed_); }
  std::string text() {
    std::string out;
    for (auto n = random_() % 4; n-- > 0;) out += kPieces[random_() % std::size(kPieces)];
    return out;
  }
  api::Host host(int number) {
    api::Host out{fmt::format("i-{:016x}", number), {}, text(), text(), {{"Role", text()}}};
    for (auto n = random_() % 3; n-- > 0;) out.tags[text()] = text();
    return out;
  }

 private:
  static constexpr std::string_view kPieces[] = {
      "{{ lookup('pipe','touch canary') }}",
      "{% set x = lookup('pipe','touch canary') %}",
      "#jinja2: variable_start_string:'[['\n[[ lookup('pipe','touch canary') ]]",
      "$(touch canary)",
      "`touch canary`",
      "\"",
      "'",
      "\\",
      "\n",
      "\r",
      "\t",
      "-",
      "--list",
      " ",
      "all",
      "_meta",
      "hosts",
      "ansible_host",
      "__ansible_unsafe",
      "__ansible_vault",
      "!unsafe",
      "!vault |",
      "!!python/object/apply:os.system ['touch canary']",
      "web",
      "Gr\xc3\xb6\xc3\x9f",
      "\xf0\x9f\x94\x91",
      "\xe2\x80\xae",
      "\x1b[2J",
      "\x7f",
      "}}",
      "{#",
      "[0]",
      "0",
      "null"};
  std::random_device::result_type seed_;
  std::mt19937 random_;
};

/// Every text but those of this program's own is marked.
void expect_marked(const json::value& value, const std::string& name, bool marked) {
  static const std::set<std::string> kOurs = {
      "ansible_connection", "ansible_host",     "ansible_user",
      "ansible_ssh_args",   "passport_request", "ansible_ssh_transfer_method"};
  if (const auto* object = value.if_object()) {
    for (const auto& entry : *object)
      expect_marked(entry.value(), name,
                    object->size() == 1 && entry.key() == "__ansible_unsafe");
  } else if (value.is_string()) {
    EXPECT_NE(marked, kOurs.contains(name)) << name << ": " << json::serialize(value);
  } else {
    EXPECT_TRUE(value.is_bool() || value.is_int64()) << name;
  }
}

TEST(Inventory, HostileNamesAreTextAndNothingElse) {
  Hostile hostile;
  SCOPED_TRACE(hostile.seed());
  auto plan = make_plan();
  plan.tag_keys = {"Role", "Name"};
  std::set<std::string> plain_groups;
  for (int round = 0; round < 100; ++round) {
    auto& hosts = plan.accesses[0].hosts;
    hosts.clear();
    for (int i = 0; i < 1000; ++i) hosts.push_back(hostile.host(i));
    const auto text = json::serialize(render_inventory(plan));
    const auto inventory = json::parse(text).as_object();
    std::map<std::pair<std::string, std::string>, std::size_t> values;
    for (const auto& host : hosts) {
      const auto& variables = *find_host_variables(inventory, host.id);
      ASSERT_EQ(variables.size(), 16U);
      for (const auto& entry : variables) expect_marked(entry.value(), entry.key(), false);
      ASSERT_EQ(find_string(*find_object(variables, "passport_name"), "__ansible_unsafe"),
                host.name);
      const auto& tags = *find_object(variables, "passport_tags");
      for (const auto& [key, value] : host.tags) {
        const bool kept = key.find('{') == std::string::npos && !key.starts_with("__ansible");
        const auto* tag = find_object(tags, key);
        ASSERT_EQ(tag != nullptr, kept) << key;
        if (kept) ASSERT_EQ(find_string(*tag, "__ansible_unsafe"), value);
      }
      ++values[{"Role", host.tags.at("Role")}];
      if (host.tags.contains("Name") || !host.name.empty())
        ++values[{"Name", host.tags.contains("Name") ? host.tags.at("Name") : host.name}];
    }
    std::multiset<std::size_t> sizes;
    for (const auto& [name, group] : inventory) {
      if (name == "_meta") continue;
      ASSERT_EQ(
          std::string_view(name).find_first_not_of("abcdefghijklmnopqrstuvwxyz"
                                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_"),
          std::string::npos)
          << name;
      if (name.starts_with("tag_")) sizes.insert(group.at("hosts").as_array().size());
    }
    std::multiset<std::size_t> expected;
    for (const auto& value : values) expected.insert(value.second);
    ASSERT_EQ(sizes, expected) << "groups were merged or split";
  }
}

/// The real one reads every name as it is and runs none of them.
TEST(Inventory, AnsibleEvaluatesNothing) {
  Hostile hostile;
  SCOPED_TRACE(hostile.seed());
  const wire::ssh::Workshop shop;
  auto plan = make_plan();
  plan.tag_keys = {"Role", "Name"};
  auto& hosts = plan.accesses[0].hosts;
  hosts.clear();
  for (int i = 0; i < 500; ++i) hosts.push_back(hostile.host(i));
  const auto inventory = render_inventory(plan);
  shop.write("inventory.json", json::serialize(inventory));
  shop.write("inventory", "#!/bin/sh\ncat '" + shop.path("inventory.json") + "'\n");
  std::filesystem::permissions(shop.path("inventory"), std::filesystem::perms::owner_all);
  shop.write("play.yml", R"(
- hosts: "passport[0:7]"
  gather_facts: false
  tasks:
    - debug: {var: "hostvars[inventory_hostname]"}
    - set_fact:
        facts: ["{{ passport_name }}", "{{ passport_tags }}"]
        names: "{{ passport_tags.keys() | list }}"
    - debug: {msg: "{{ facts }} {{ names }} {{ passport_tags.values() | join }}"}
    - debug: {msg: "{{ item.key }} {{ item.value }}"}
      loop: "{{ passport_tags | dict2items }}"
)");
  const std::string run = "HOME=$PWD LC_ALL=C.UTF-8 ";
  const auto canary = [&] { return std::filesystem::remove(shop.path("canary")); };
  // What is not marked is evaluated: else the rest would show nothing.
  shop.write("bad.yml", R"({all: {hosts: {h: {x: "{{ lookup('pipe','touch canary') }}"}}}})");
  shop.run(run + "ansible -i bad.yml all -m debug -a var=x");
  ASSERT_TRUE(canary());
  const auto list =
      json::parse(shop.run(run + "ansible-inventory -i inventory --list 2>errors"));
  const auto& meta = list.at("_meta").at("hostvars").as_object();
  ASSERT_EQ(meta.size(), hosts.size());
  for (const auto& host : hosts)
    EXPECT_EQ(meta.at(host.id), *find_host_variables(inventory, host.id));
  EXPECT_FALSE(canary());
  const auto said = shop.run(run + "ansible-playbook -i inventory play.yml");
  EXPECT_NE(said.find("ok=4"), std::string::npos) << said;
  EXPECT_EQ(said.find("failed=1"), std::string::npos) << said;
  EXPECT_FALSE(canary());
}

}  // namespace
}  // namespace passport::config_gen
