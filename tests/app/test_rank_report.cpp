#include <catch2/catch.hpp>

#include "app/rank_report.hpp"

using namespace surf::app;

TEST_CASE("ranks are listed by host, equal devices once", "[rank_report]")
{
    CHECK(device_lines({{"n1", "cpu", "AVX2"}}) ==
          std::vector<std::string>{"rank 0 on n1: cpu (AVX2)"});
    CHECK(device_lines({{"n1", "cpu", "AVX2"},
                        {"n1", "cpu", "AVX2"},
                        {"n2", "cuda:0", "GPU"},
                        {"n1", "cpu", "AVX2"},
                        {"n2", "cuda:1", "GPU"}}) ==
          std::vector<std::string>{"ranks 0-1,3 on n1: cpu (AVX2)",
                                   "ranks 2,4 on n2: cuda:0 (GPU), cuda:1 (GPU)"});
}

TEST_CASE("a line says how busy the ranks were", "[rank_report]")
{
    CHECK(busy_line({{.training = 10, .trials = 80, .present = 100}}) ==
          "1 rank was busy 90 % of 1 min 40 s (training 10 %, trials 80 %)");
    CHECK(busy_line({{.training = 20, .trials = 70, .present = 100},
                     {.training = 0, .trials = 50, .present = 100}}) ==
          "2 ranks were busy 70 % of 1 min 40 s (training 10 %, trials 60 %); least: rank 1, 50 %");
    CHECK(busy_line({{}, {}}) ==
          "2 ranks were busy 0 % of 0 s (training 0 %, trials 0 %); least: rank 0, 0 %");
}
