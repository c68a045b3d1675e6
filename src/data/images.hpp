#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

/// Image data sets: training and test split are different types, so that no trainer can be handed
/// the test split by mistake.
namespace surf::data
{

/// Where Debian's dataset-fashion-mnist puts Fashion-MNIST (Xiao et al. 2017).
inline constexpr char const* default_folder = "/usr/share/datasets/fashion-mnist";

/// The networks' image size: n = 28 × 28 = 784 pixels.
inline constexpr std::int64_t image_side = 28;

/// Grey images, one after another, each row-major; 0 is black, 255 white.
struct Images
{
    std::int64_t count = 0;
    std::int64_t rows = 0;
    std::int64_t columns = 0;
    std::vector<std::uint8_t> pixels;  ///< [count × rows × columns]
    std::string checksum;              ///< over shape and pixels, 32 hex digits
};

/// Images that nothing is ever trained on.
struct TestImages : Images
{
    explicit TestImages(Images images) : Images(std::move(images)) {}
};

/// Images to train on.
struct TrainingImages : Images
{
    explicit TrainingImages(Images images) : Images(std::move(images)) {}
    TrainingImages(TestImages const&) = delete;
};

/// Reads train-images-idx3-ubyte or t10k-images-idx3-ubyte, plain or with .gz, from a folder.
/// Throws EnvironmentError if it is not there, FileError if it is not what it should be.
TrainingImages load_training_images(std::filesystem::path const& folder);
TestImages load_test_images(std::filesystem::path const& folder);

/// Both splits of a data set.
struct DataSet
{
    TrainingImages training;
    TestImages test;

    /// Over both splits, 32 hex digits: what a chain's and a trial's ids name the data by.
    std::string checksum() const;
};

/// Both splits from one folder; errors as above.
DataSet load_data_set(std::filesystem::path const& folder);

}  // namespace surf::data
