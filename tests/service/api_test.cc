// What each call of the API does, and who is refused.
#include "service/logbook.h"
#include "tests/service/api_fixture.h"
#include "wire/ssh/certificate.h"
#include "wire/ssh/private_key.h"

namespace passport::service {
namespace {

INSTANTIATE_TEST_SUITE_P(Engines, ApiTest, engines(), name_of_engine);

TEST_P(ApiTest, ARequestFromItsBeginningToItsEnd) {
  const auto ann = token("ann", {"admins"});
  const auto id = create(ann);
  EXPECT_EQ(state_of(ann, id), "provisioning");
  make_active(id);
  const auto before = query("SELECT ends_at, generation FROM access_request").at(0);
  auto answer = call(ann, "POST", "/v1/requests/" + id + "/extend", {{"duration_s", 1800}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto after = query("SELECT ends_at, generation FROM access_request").at(0);
  EXPECT_EQ(after.integer(0), before.integer(0) + 1800 * kSecond);
  EXPECT_GT(after.integer(1), before.integer(1));
  answer = call(ann, "POST", "/v1/requests/" + id + "/extend", {{"duration_s", 43200}});
  EXPECT_EQ(answer.status, 400);
  const auto later = after.integer(0) / kSecond + 60;
  for (int i = 0; i < 2; ++i) {
    answer = call(ann, "POST", "/v1/requests/" + id + "/extend", {{"ends_at", later}});
    EXPECT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(query("SELECT ends_at FROM access_request").at(0).integer(0) / kSecond, later);
  }
  for (const auto wrong : {later - 1, later + 43200})
    EXPECT_EQ(call(ann, "POST", "/v1/requests/" + id + "/extend", {{"ends_at", wrong}}).status,
              400);
  answer = call(ann, "POST", "/v1/requests/" + id + "/extend", {{"duration_s", 43200}});
  EXPECT_NE(answer.body.find("629 minutes can be added at most"), std::string::npos)
      << answer.body;
  answer = call(ann, "POST", "/v1/requests/" + id + "/complete");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(state_of(ann, id), "completing");
  EXPECT_EQ(count("request_instance WHERE state = 'removing'"), 2);
  EXPECT_EQ(call(ann, "POST", "/v1/requests/" + id + "/complete").status, 200);
  EXPECT_EQ(call(ann, "POST", "/v1/requests/" + id + "/extend", {{"duration_s", 60}}).status,
            409);
  EXPECT_EQ(count("logbook WHERE actor = 'ann' AND outcome = 'ok'"), 6);
  EXPECT_EQ(count("logbook WHERE outcome <> 'ok'"), 5);
}

TEST_P(ApiTest, TheSameKeyMakesTheSameRequest) {
  const auto ann = token("ann", {"admins"});
  const auto bob = token("bob", {"admins"});
  const auto first = call(ann, "POST", "/v1/requests", wish(), "key-1");
  const auto again = call(ann, "POST", "/v1/requests", wish(), "key-1");
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(first.body, again.body);
  EXPECT_EQ(count("access_request"), 1);
  auto other = wish();
  other["reason"] = "another";
  EXPECT_EQ(call(ann, "POST", "/v1/requests", other, "key-1").status, 409);
  EXPECT_EQ(call(bob, "POST", "/v1/requests", other, "key-1").status, 201);
  EXPECT_EQ(call(ann, "POST", "/v1/requests", wish(), std::string(65, 'k')).status, 400);
}

TEST_P(ApiTest, ApprovalTakesOthersAndEachOnce) {
  const auto ann = token("ann", {"admins", "approvers"});
  const auto bob = token("bob", {"approvers"});
  const auto eve = token("eve", {"approvers"});
  const auto id = create(ann, "210987654321");
  const auto approve = "/v1/requests/" + id + "/approve";
  EXPECT_EQ(state_of(ann, id), "pending");
  EXPECT_EQ(call(ann, "POST", approve).status, 403);
  EXPECT_EQ(call(bob, "POST", approve).status, 200);
  EXPECT_EQ(call(bob, "POST", approve).status, 409);
  EXPECT_EQ(state_of(ann, id), "pending");
  EXPECT_EQ(call(eve, "POST", approve).status, 200);
  EXPECT_EQ(state_of(ann, id), "provisioning");
  EXPECT_EQ(call(eve, "POST", "/v1/requests/" + id + "/deny").status, 409);
  const auto second = create(ann, "210987654321");
  EXPECT_EQ(call(eve, "POST", "/v1/requests/" + second + "/deny").status, 200);
  EXPECT_EQ(state_of(ann, second), "denied");
  EXPECT_EQ(call(bob, "POST", "/v1/requests/" + second + "/approve").status, 409);
}

TEST_P(ApiTest, BreakGlassIsForThoseWhoMay) {
  const auto ann = token("ann", {"admins"});
  const auto gil = token("gil", {"admins", "glass"});
  auto wanted = wish("210987654321");
  wanted["break_glass"] = true;
  EXPECT_EQ(call(ann, "POST", "/v1/requests", wanted).status, 403);
  const auto made = call(gil, "POST", "/v1/requests", wanted);
  EXPECT_EQ(made.status, 201);
  EXPECT_NE(made.body.find("\"provisioning\""), std::string::npos);
}

TEST_P(ApiTest, CertificatesAreForTheOwnerOfAnActiveRequest) {
  const auto ann = token("ann", {"admins"});
  const auto id = create(ann);
  const auto path = "/v1/requests/" + id + "/certificates";
  const auto key = wire::ssh::PrivateKey::from_ed25519_seed(Bytes(32, 3));
  const json::object body{{"public_key", render_public_key(key->public_key(), "x")}};
  EXPECT_EQ(call(ann, "POST", path, body).status, 409);
  make_active(id);
  const auto made = call(ann, "POST", path, body);
  ASSERT_EQ(made.status, 200) << made.body;
  const auto answer = *parse_json_object(made.body, "answer");
  const auto line = std::string(find_array(answer, "certificates")->at(0).get_string());
  const auto certificate =
      wire::ssh::parse_certificate(*wire::ssh::parse_certificate_line(line));
  ASSERT_TRUE(certificate);
  const auto row = query("SELECT linux_user, ends_at FROM access_request").at(0);
  EXPECT_EQ(certificate->fields.principals, std::vector<std::string>{row.text(0)});
  EXPECT_LE(certificate->fields.valid_before,
            static_cast<std::uint64_t>(row.integer(1) / 1000));
  for (const auto* bad : {"", "ssh-ed25519", "ssh-dss AAAA", "x"})
    EXPECT_EQ(call(ann, "POST", path, {{"public_key", bad}}).status, 400);
  query(
      "INSERT INTO certificate (request, serial, ca, ends_at) SELECT '" + id +
      "', 'x' || n, '', 0 FROM (WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c "
      "WHERE n < 999) SELECT n FROM c) AS t RETURNING serial");
  EXPECT_EQ(call(ann, "POST", path, body).status, 409) << "a thousand are enough";
  // Its end, before that of the certificate, revokes it.
  shop.write("key-cert.pub", line + "\n");
  const auto revoked = [&] {
    shop.write("krl", call(ann, "GET", "/v1/revocations").body);
    return shop.run("ssh-keygen -Qf krl key-cert.pub | grep -c REVOKED; true");
  };
  EXPECT_EQ(revoked(), "0\n");
  EXPECT_EQ(call(ann, "POST", "/v1/requests/" + id + "/complete").status, 200);
  EXPECT_EQ(revoked(), "1\n");
  EXPECT_EQ(call(ann, "POST", path, body).status, 409);
}

/// Also of a session that has ended, once, and only by the owner of its request.
TEST_P(ApiTest, WhatASessionsUserClaimsIsKeptApart) {
  const auto ann = token("ann", {"admins"});
  const auto id = create(ann);
  const auto other = create(ann);
  query(
      "INSERT INTO ssm_session (id, request, instance, document, started_at, ended_at, reason, "
      "resumes) VALUES ('ann-0a1b', '" +
      id + "', 'i-0123456789abcdef0', 'D', 1, 2, 'request ended', 1) RETURNING id");
  const std::string session = "/sessions/ann-0a1b/report";
  const json::object claims = {{"bytes_sent", 1234},
                               {"bytes_received", 5678901234},
                               {"resumes", 3},
                               {"reason", "signal TERM\x1b[2J" + std::string(500, 'x')}};
  for (const auto* field : {"bytes_sent", "bytes_received", "resumes"}) {
    for (const json::value& bad : {json::value(-1), json::value("1"), json::value()}) {
      auto wrong = claims;
      wrong[field] = bad;
      const auto answer = call(ann, "POST", "/v1/requests/" + id + session, wrong);
      EXPECT_EQ(answer.status, 400) << field;
      EXPECT_NE(answer.body.find(field), std::string::npos) << answer.body;
    }
  }
  EXPECT_EQ(call(ann, "POST", "/v1/requests/" + other + session, claims).status, 409);
  EXPECT_EQ(
      call(token("bob", {"admins"}), "POST", "/v1/requests/" + id + session, claims).status,
      403);
  EXPECT_EQ(count("session_report"), 0);
  EXPECT_EQ(call(ann, "POST", "/v1/requests/" + id + session, claims).status, 200);
  EXPECT_EQ(call(ann, "POST", "/v1/requests/" + id + session, claims).status, 409);
  const auto kept =
      query("SELECT bytes_sent, bytes_received, resumes, reason FROM session_report").at(0);
  EXPECT_EQ(kept.integer(0), 1234);
  EXPECT_EQ(kept.integer(1), 5678901234);
  EXPECT_EQ(kept.integer(2), 3);
  EXPECT_TRUE(kept.text(3).starts_with("signal TERM\\x1b[2Jxxx")) << kept.text(3);
  EXPECT_LE(kept.text(3).size(), 210U);
  const auto known = query("SELECT resumes, reason FROM ssm_session").at(0);
  EXPECT_EQ(known.integer(0), 1);
  EXPECT_EQ(known.text(1), "request ended");
  const auto logged =
      query("SELECT details FROM logbook WHERE action = 'session.report' AND outcome = 'ok'");
  ASSERT_EQ(logged.size(), 1U);
  EXPECT_NE(logged[0].text(0).find("\"claimed\":{\"bytes_sent\":1234,"), std::string::npos)
      << logged[0].text(0);
}

TEST_P(ApiTest, WhoeverIsUnknownLearnsAndChangesNothing) {
  const auto ann = token("ann", {"admins"});
  const auto id = create(ann);
  const auto entries = count("logbook");
  for (const auto& route : routes()) {
    if (!route.action) continue;
    std::string path(route.path);
    if (const auto at = path.find("{request}"); at != std::string::npos)
      path.replace(at, 9, id);
    if (const auto at = path.find("{session}"); at != std::string::npos)
      path.replace(at, 9, "ann-0a1b");
    for (const auto& bad : {std::string(), std::string("ppt_x"), ann + "x"})
      EXPECT_EQ(call(bad, std::string(route.method), path, wish()).status, 401) << path;
  }
  EXPECT_EQ(count("logbook"), entries);
  query("UPDATE token SET issued_at = 1, expires_at = 2 RETURNING hash");
  EXPECT_EQ(call(ann, "GET", "/v1/requests").status, 401);
}

/// Every route by every role on a request of another's: refused where the table of permissions
/// says so, with one entry of the Logbook and nothing else changed.
TEST_P(ApiTest, EveryRouteByEveryRoleOnAForeignRequest) {
  const auto owner = token("ann", {"admins"});
  const auto id = create(owner);
  make_active(id);
  const std::vector<std::pair<std::string, Groups>> people = {{"admin", {"admins"}},
                                                              {"observer", {"observers"}},
                                                              {"approver", {"approvers"}},
                                                              {"stranger", {"elsewhere"}},
                                                              {"nobody", {}}};
  const auto snapshot = [&] {
    std::string out;
    for (const auto* sql :
         {"SELECT id, state, ends_at, generation, ended_by FROM access_request ORDER BY id",
          "SELECT instance, state, generation FROM request_instance ORDER BY instance",
          "SELECT approver FROM approval", "SELECT serial FROM certificate",
          "SELECT id FROM ssm_session"})
      for (const auto& row : query(sql)) out += row.text(0) + row.text(1) + row.text(4) + "\n";
    return out;
  };
  int refused = 0;
  for (const auto& [name, groups] : people) {
    const auto who = token(name, groups);
    for (const auto& route : routes()) {
      if (!route.action) continue;
      std::string path(route.path);
      for (const auto& target : {id, std::string("ar-ffffffffffffffff")}) {
        path = route.path;
        if (const auto at = path.find("{request}"); at != std::string::npos)
          path.replace(at, 9, target);
        else if (target != id)
          continue;
        if (const auto at = path.find("{session}"); at != std::string::npos)
          path.replace(at, 9, "ann-0a1b");
        const Object object = path.find(id) != std::string::npos ? Object{kAccount, "ann"}
                              : *route.action == Action::kCreate ? Object{kAccount, ""}
                                                                 : Object{};
        if (authorise({name, groups}, *route.action, object, config)) continue;
        const auto state = snapshot();
        const auto entries = count("logbook");
        const auto answer = call(who, std::string(route.method), path, wish());
        EXPECT_EQ(answer.status, 403) << name << " " << path << answer.body;
        EXPECT_EQ(answer.body.find("disk"), std::string::npos);
        EXPECT_EQ(snapshot(), state) << name << " " << path;
        EXPECT_EQ(count("logbook"), entries + 1) << name << " " << path;
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, 80);
  EXPECT_EQ(count("logbook WHERE outcome = 'denied'"), refused);
}

TEST_P(ApiTest, ListsShowOnesOwnAndOnesAccounts) {
  const auto ann = token("ann", {"admins"});
  const auto eve = token("eve", {"elsewhere"});
  const auto obs = token("obs", {"observers"});
  create(ann);
  EXPECT_NE(call(ann, "GET", "/v1/requests").body.find("ar-"), std::string::npos);
  EXPECT_NE(call(obs, "GET", "/v1/requests").body.find("ar-"), std::string::npos);
  EXPECT_EQ(call(eve, "GET", "/v1/requests").body, "{\"requests\":[]}\n");
  EXPECT_EQ(call(eve, "GET", "/v1/accounts").body, "{\"accounts\":[]}\n");
  EXPECT_NE(call(obs, "GET", "/v1/accounts").body.find("\"observer\""), std::string::npos);
}

TEST_P(ApiTest, AccessIsOnesOwnRequestsThatAreNotOver) {
  const auto ann = token("ann", {"admins"});
  const auto bob = token("bob", {"admins"});
  const auto nothing = call(ann, "GET", "/v1/access");
  EXPECT_EQ(nothing.body, "{\"user\":\"ann\",\"requests\":[]}\n");
  const auto active = create(ann);
  make_active(active);
  const auto provisioning = create(ann);
  const auto pending = create(ann, "210987654321");
  const auto completing = create(ann);
  EXPECT_EQ(call(ann, "POST", "/v1/requests/" + completing + "/complete").status, 200);
  create(bob);
  for (const auto* over : {"completed", "expired", "failed"})
    query("UPDATE access_request SET finished_at = 1, state = '" + std::string(over) +
          "' WHERE id = '" + create(ann) + "' RETURNING id");
  query("UPDATE access_request SET created_at = 5 WHERE id = '" + pending + "' RETURNING id");
  query(
      "UPDATE request_instance SET state = 'active', host_keys = 'ssh-ed25519 AAAA' "
      "WHERE request = '" +
      active + "' RETURNING instance");
  const auto entries = count("logbook");
  const auto answer = *parse_json_object(call(ann, "GET", "/v1/access").body, "answer");
  EXPECT_EQ(count("logbook"), entries) << "looking is no change";
  EXPECT_EQ(find_string(answer, "user"), "ann");
  std::set<std::string> seen;
  for (const auto& request : answer.at("requests").as_array()) {
    const auto id = find_string(request.as_object(), "id");
    seen.insert(id);
    EXPECT_EQ(request, *parse_json_object(call(ann, "GET", "/v1/requests/" + id).body, "one"));
    EXPECT_EQ(request.at("instances").as_array().size(), 2U);
  }
  EXPECT_EQ(seen, (std::set<std::string>{active, provisioning, pending, completing}));
  const auto& oldest = answer.at("requests").as_array().back().as_object();
  EXPECT_EQ(find_string(oldest, "id"), pending) << "the newest first";
}

TEST_P(ApiTest, ATokenIsKnownUntilItIsRevoked) {
  const auto ann = token("ann", {"admins", "sre"});
  const auto other = token("ann", {"admins"});
  const auto known = *parse_json_object(call(ann, "GET", "/v1/token").body, "answer");
  EXPECT_EQ(find_string(known, "user"), "ann");
  EXPECT_EQ(known.at("groups"), (json::array{"admins", "sre"}));
  EXPECT_EQ(known.at("expires_at").as_int64(),
            query("SELECT max(expires_at) FROM token").at(0).integer(0) / kSecond);
  EXPECT_EQ(call(ann, "POST", "/v1/token/revoke").status, 200);
  EXPECT_EQ(call(ann, "GET", "/v1/token").status, 401);
  EXPECT_EQ(call(other, "GET", "/v1/token").status, 200) << "the person's others stay";
  EXPECT_EQ(count("logbook WHERE action = 'token.revoke' AND actor = 'ann'"), 1);
}

TEST_P(ApiTest, BadBodiesAreToldAndLogged) {
  const auto ann = token("ann", {"admins"});
  auto request = wire::HttpRequest{
      "POST", "/v1/requests", {{"Authorization", "bearer " + ann}}, "{\"account\": "};
  EXPECT_EQ(test::run_task(io, api->answer(request)).status, 400);
  auto wanted = wish();
  wanted["surprise"] = 1;
  const auto answer = call(ann, "POST", "/v1/requests", wanted);
  EXPECT_EQ(answer.status, 400);
  EXPECT_NE(answer.body.find("unknown field"), std::string::npos);
  EXPECT_EQ(count("logbook WHERE outcome = 'invalid'"), 1);
  EXPECT_EQ(call(ann, "PUT", "/v1/requests").status, 400);
  EXPECT_EQ(call(ann, "GET", "/v2").status, 404);
}

TEST_P(ApiTest, HealthIsForEverybody) {
  EXPECT_EQ(call("", "GET", "/healthz").status, 200);
  EXPECT_EQ(call("", "GET", "/readyz").status, 200);
  EXPECT_NE(
      call("", "GET", "/metrics").body.find("passport_http_answers_total{status=\"200\"} 2"),
      std::string::npos);
  api->stop();
  EXPECT_EQ(call("", "GET", "/readyz").status, 503);
}

/// The chain is whole whatever happened before.
TEST_P(ApiTest, TheLogbookHoldsTogether) {
  const auto ann = token("ann", {"admins"});
  const auto eve = token("eve", {});
  for (int i = 0; i < 5; ++i) {
    const auto id = create(ann);
    call(eve, "POST", "/v1/requests/" + id + "/complete");
  }
  std::string previous(kFirstPrevious);
  std::int64_t sequence = 0;
  for (const auto& row : query("SELECT sequence, at, actor, action, object, outcome, details, "
                               "previous, hash FROM logbook ORDER BY sequence")) {
    const LogRecord record{row.integer(0), row.integer(1), row.text(2),
                           row.text(3),    row.text(4),    row.text(5),
                           row.text(6),    row.text(7),    row.text(8)};
    EXPECT_EQ(record.sequence, ++sequence);
    EXPECT_EQ(record.previous, previous);
    EXPECT_EQ(record.hash, hash_record(record));
    previous = record.hash;
  }
  EXPECT_EQ(sequence, 10);
}

}  // namespace
}  // namespace passport::service
