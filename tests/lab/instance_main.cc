// The instance tests' main(): an instance's init is this binary again.
#include <string_view>

#include <gtest/gtest.h>

#include "lab/instance_init.h"

int main(int argc, char** argv) {
  if (argc > 1 && std::string_view(argv[1]) == "instance-init") {
    return passport::lab::run_instance_init({argv + 2, static_cast<std::size_t>(argc - 2)});
  }
  ::testing::InitGoogleTest(&argc, argv);
  return RUN_ALL_TESTS();
}
