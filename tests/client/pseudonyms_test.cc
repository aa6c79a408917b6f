#include "client/pseudonyms.h"

#include <gtest/gtest.h>

namespace passport::client {
namespace {

TEST(Pseudonyms, TheSameNameIsAlwaysTheSame) {
  Pseudonyms names;
  names.add("user", "ann");
  names.add("host", "laptop.example.com");
  names.add("host", "laptop");
  names.add("user", "x");  // too short to be told from other letters
  EXPECT_EQ(names.apply("/home/ann/x on laptop, Laptop.example.com, laptop.example.org"),
            "/home/user-1/x on host-2, host-1, host-2.example.org");
  EXPECT_EQ(names.apply("Ann's scanner, annex, ann"), "user-1's scanner, annex, user-1");
}

TEST(Pseudonyms, WhatHasTheFormOfANameIsReplaced) {
  Pseudonyms names;
  EXPECT_EQ(names.apply("i-0123456789abcdef0: i-0123456789abcdef1, mi-0123456789abcdef0\n"
                        "ssh i-0123456789abcdef0-1.pub xi-0123456789abcdef0"),
            "instance-1: instance-2, instance-3\nssh instance-1-1.pub xi-0123456789abcdef0");
  EXPECT_EQ(names.apply("owner:ann.b@mail.example.com, <bob@example.org>."),
            "owner:person-1, <person-2>.");
  EXPECT_EQ(names.apply("arn:aws:sts::123456789012:assumed-role/ops/ann.b@mail.example.com"),
            "arn:aws:sts::account-1:assumed-role/ops/person-1");
  EXPECT_EQ(names.apply("10.0.0.1:22 [fd00::1]:443 10.0.0.1. 127.0.0.1:8443 ::1 999.1.1.1"),
            "address-1:22 [address-2]:443 address-1. 127.0.0.1:8443 ::1 999.1.1.1");
  EXPECT_EQ(names.apply("12:34:56 agent 3.3.2746.0 SHA256:abc 1234567890123 a@b"),
            "12:34:56 agent 3.3.2746.0 SHA256:abc 1234567890123 a@b");
  EXPECT_EQ(names.apply("i-0123456789abcdef1"), "instance-2");
  EXPECT_EQ(names.apply("ssh-rsa-cert-v01@openssh.com"), "ssh-rsa-cert-v01@openssh.com");
}

}  // namespace
}  // namespace passport::client
